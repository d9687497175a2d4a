// One's videos: newest first, by status, page by page; what is unfinished is followed.

import { VideoCard } from './cards.js';
import { confirmRemoval } from './dialog.js';
import { fill, h } from './dom.js';
import { icon } from './icons.js';
import { isFinal } from './live.js';
import { STATUS, problemBox } from './words.js';

/** Videos of a page, and the most that one request can tell of. */
const PAGE = 24;
const MOST = 100;
/** While something is unfinished the list is asked again: soon after a change, seldom where nothing happens. */
const SHORTEST_MS = 1500;
const LONGEST_MS = 30_000;
/** Thumbnails asked for one by one at the same time. */
const AT_ONCE = 4;

export class VideoList {
  #api;
  #session;
  #cards = new Map();
  #timer = 0;
  #wait = SHORTEST_MS;
  #cursor = null;
  #round = 0;

  /** `hidden(id)`: videos shown elsewhere. */
  constructor(api, { session, hidden = () => false }) {
    this.#api = api;
    this.#session = session;
    this.hidden = hidden;
    this.filter = h('select', { id: 'filter', onchange: () => this.load() },
      h('option', { value: '' }, 'All videos'),
      Object.entries(STATUS).filter(([status]) => !['sending', 'stopped', 'deleted'].includes(status)).map(([value, name]) => h('option', { value }, name)));
    this.grid = h('ul', { class: 'grid', id: 'videos' });
    this.note = h('div', { class: 'note' });
    this.more = h('button', { type: 'button', class: 'quiet', hidden: true, onclick: () => this.#page() }, 'Show older videos');
    this.element = h('section', { 'aria-labelledby': 'list-heading' },
      h('div', { class: 'section-head' }, h('h2', { id: 'list-heading' }, session.seesAll ? 'Videos' : 'Your videos'),
        h('div', { class: 'inline-field' }, h('label', { for: 'filter' }, 'Show'), this.filter)),
      this.grid, this.note, h('div', { class: 'more' }, this.more));
  }

  /** From the beginning. */
  async load() {
    this.#round += 1;
    this.#cursor = null;
    clearTimeout(this.#timer);
    this.more.hidden = true;
    await this.#page(true);
  }

  close() {
    this.#round += 1;
    clearTimeout(this.#timer);
  }

  async #page(first = false) {
    const round = this.#round;
    this.grid.setAttribute('aria-busy', 'true');
    try {
      const page = await this.#api.list({ status: this.filter.value, cursor: this.#cursor, limit: PAGE });
      if (round !== this.#round) return;
      if (first) this.#clear();
      this.#cursor = page.next_cursor;
      this.more.hidden = !page.next_cursor;
      const fresh = page.data.filter((video) => !this.#cards.has(video.id) && !this.hidden(video.id));
      for (const video of fresh) this.#add(video);
      if (!first && fresh.length > 0) this.#cards.get(fresh[0].id).link.focus();
      this.#empty();
      this.#follow();
      await this.#pictures(ready(fresh), round);
    } catch (error) {
      if (round === this.#round) fill(this.note, problemBox(error, { retry: () => this.load() }));
    } finally {
      this.grid.removeAttribute('aria-busy');
    }
  }

  /** In its place: newest first, and ids grow with time. */
  #add(video) {
    const card = new VideoCard(video, { onDelete: this.#session.mayChange ? (one) => this.#remove(one) : null });
    const older = [...this.#cards.values()].filter((one) => one.video.id < video.id);
    const next = older.sort((a, b) => (a.video.id < b.video.id ? 1 : -1))[0];
    this.#cards.set(video.id, card);
    this.grid.insertBefore(card.element, next?.element ?? null);
  }

  /** Asks again in a while, as long as something is unfinished. */
  #follow(wait = SHORTEST_MS) {
    clearTimeout(this.#timer);
    this.#wait = wait;
    if ([...this.#cards.values()].every((card) => isFinal(card.video))) return;
    const round = this.#round;
    this.#timer = setTimeout(() => this.#refresh(round), wait);
  }

  async #refresh(round) {
    if (document.visibilityState === 'hidden') return this.#follow(this.#wait);
    const limit = Math.min(MOST, Math.max(PAGE, this.#cards.size));
    const page = await this.#api.list({ status: this.filter.value, limit }).catch(() => null);
    if (round !== this.#round) return undefined;
    if (!page) return this.#follow(Math.min(this.#wait * 2, LONGEST_MS));
    const last = page.next_cursor ? page.data.at(-1).id : '';
    const known = new Set(page.data.map((video) => video.id));
    for (const id of [...this.#cards.keys()]) if (id >= last && !known.has(id)) this.#gone(id);
    const changes = page.data.filter((video) => !this.hidden(video.id) && this.#changed(video));
    this.#follow(changes.length > 0 ? SHORTEST_MS : Math.min(this.#wait * 1.3, LONGEST_MS));
    return this.#pictures(ready(changes), round);
  }

  /** Shows a video as it is now; gives whether that is news. */
  #changed(video) {
    const card = this.#cards.get(video.id);
    if (card && card.video.version >= video.version) return false;
    if (card) card.update(video);
    else this.#add(video);
    return true;
  }

  #gone(id) {
    const card = this.#cards.get(id);
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
      this.#follow();
    } catch (error) {
      if (error.status === 404) return this.#gone(video.id);
      fill(this.note, problemBox(error));
    }
  }

  async #pictures(ids, round) {
    if (ids.length === 0 || !this.#session.mayPlay) return;
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
}

const ready = (videos) => videos.filter((video) => video.status === 'ready').map((video) => video.id);
