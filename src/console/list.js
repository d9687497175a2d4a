// One's videos: newest first, by status, page by page; what is unfinished is followed.

import { VideoCard } from './cards.js';
import { confirmRemoval } from './dialog.js';
import { fill, h } from './dom.js';
import { icon } from './icons.js';
import { isFinal, watch } from './live.js';
import { STATUS, problemBox } from './words.js';

/** Unfinished videos that are followed at the same time. */
const MOST_WATCHED = 12;
/** Thumbnails asked for one by one at the same time. */
const AT_ONCE = 4;

export class VideoList {
  #api;
  #cards = new Map();
  #watches = new Map();
  #cursor = null;
  #round = 0;

  /** `hidden(id)`: videos shown elsewhere. */
  constructor(api, { hidden = () => false } = {}) {
    this.#api = api;
    this.hidden = hidden;
    this.filter = h('select', { id: 'filter', onchange: () => this.load() },
      h('option', { value: '' }, 'All videos'),
      Object.entries(STATUS).filter(([status]) => !['sending', 'stopped', 'deleted'].includes(status)).map(([value, name]) => h('option', { value }, name)));
    this.grid = h('ul', { class: 'grid', id: 'videos' });
    this.note = h('div', { class: 'note' });
    this.more = h('button', { type: 'button', class: 'quiet', hidden: true, onclick: () => this.#page() }, 'Show older videos');
    this.element = h('section', { 'aria-labelledby': 'list-heading' },
      h('div', { class: 'section-head' }, h('h2', { id: 'list-heading' }, 'Your videos'),
        h('div', { class: 'inline-field' }, h('label', { for: 'filter' }, 'Show'), this.filter)),
      this.grid, this.note, h('div', { class: 'more' }, this.more));
  }

  /** From the beginning. */
  async load() {
    this.#round += 1;
    this.#cursor = null;
    this.#unwatch();
    this.more.hidden = true;
    await this.#page(true);
  }

  close() {
    this.#round += 1;
    this.#unwatch();
  }

  async #page(first = false) {
    const round = this.#round;
    this.grid.setAttribute('aria-busy', 'true');
    try {
      const page = await this.#api.list({ status: this.filter.value, cursor: this.#cursor });
      if (round !== this.#round) return;
      if (first) this.#clear();
      this.#cursor = page.next_cursor;
      this.more.hidden = !page.next_cursor;
      const fresh = page.data.filter((video) => !this.#cards.has(video.id) && !this.hidden(video.id));
      for (const video of fresh) this.#add(video);
      this.#empty();
      await this.#pictures(fresh.filter((video) => video.status === 'ready').map((video) => video.id), round);
    } catch (error) {
      if (round === this.#round) fill(this.note, problemBox(error, { retry: () => this.load() }));
    } finally {
      this.grid.removeAttribute('aria-busy');
    }
  }

  #add(video) {
    const card = new VideoCard(video, { onDelete: (one) => this.#remove(one) });
    this.#cards.set(video.id, card);
    this.grid.append(card.element);
    this.#follow(video);
  }

  #follow(video) {
    if (isFinal(video) || this.#watches.has(video.id) || this.#watches.size >= MOST_WATCHED) return;
    const stop = watch(this.#api, video, {
      onVideo: (next) => this.#changed(next),
      onGone: () => this.#gone(video.id),
    });
    this.#watches.set(video.id, stop);
  }

  #changed(video) {
    const card = this.#cards.get(video.id);
    if (!card) return;
    const became = card.video.status !== 'ready' && video.status === 'ready';
    if (video.status === 'deleted') return this.#gone(video.id);
    card.update(video);
    if (isFinal(video)) this.#watches.delete(video.id);
    if (became) this.#pictures([video.id], this.#round);
  }

  #gone(id) {
    const card = this.#cards.get(id);
    this.#watches.get(id)?.();
    this.#watches.delete(id);
    if (!card) return;
    const held = card.element.contains(document.activeElement);
    card.element.remove();
    this.#cards.delete(id);
    if (held) this.filter.focus();
    this.#empty();
  }

  async #remove(video) {
    try {
      const removed = await confirmRemoval(this.#api, video);
      if (!removed) return;
      this.#changed(removed);
      this.#follow(removed);
    } catch (error) {
      if (error.status === 404) return this.#gone(video.id);
      fill(this.note, problemBox(error));
    }
  }

  async #pictures(ids, round) {
    if (ids.length === 0) return;
    const show = (id, sizes) => {
      const url = sizes.large ?? sizes.medium ?? Object.values(sizes)[0];
      if (url && round === this.#round) this.#cards.get(id)?.picture(url);
    };
    try {
      for (const [id, sizes] of await this.#api.thumbnailsOf(ids)) show(id, sizes);
    } catch {
      // One by one, where the service cannot do many at once.
      const left = [...ids];
      const one = async () => {
        for (let id = left.shift(); id && round === this.#round; id = left.shift()) {
          const answer = await this.#api.thumbnails(id).catch(() => null);
          if (answer) show(id, answer.thumbnails);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, one));
    }
  }

  #empty() {
    if (this.#cards.size > 0) return fill(this.note);
    const filtered = this.filter.value !== '';
    const name = this.filter.selectedOptions[0]?.textContent;
    fill(this.note, h('div', { class: 'empty' }, icon('film'),
      h('p', { class: 'empty-title' }, filtered ? `Nothing is “${name}”` : 'No videos yet'),
      h('p', {}, filtered ? 'Choose “All videos” to see the others.' : 'Drop a file above: it shows up here, from its first byte until it plays.')));
  }

  #clear() {
    this.#cards.clear();
    fill(this.grid);
    fill(this.note);
  }

  #unwatch() {
    for (const stop of this.#watches.values()) stop();
    this.#watches.clear();
  }
}
