// The videos of a list on the page: a table or a grid, in order, each in its place.

import { VideoCard } from './cards.js';
import { fill, h } from './dom.js';
import { VideoRow, videoTable } from './rows.js';
import { isDeletable } from './selection.js';

/** Where the browser keeps which of the two was chosen. */
const KEY = 'yourbit-video-view';

export class ListView {
  #session;
  #selection;
  #handlers;
  #videos = [];
  #items = new Map();
  #body;
  #drawn = '';
  isOldestFirst = false;

  /** `onDelete(video)`, `onLost(video)`, `pictureOf(id)`. */
  constructor({ session, selection, ...handlers }) {
    this.#session = session;
    this.#selection = selection;
    this.#handlers = handlers;
    this.element = h('div', { class: 'list-body' });
    this.all = h('input', { type: 'checkbox', 'aria-label': 'Select all that are shown', onchange: () => selection.setAll(this.#videos, this.all.checked) });
    this.kind = localStorage.getItem(KEY) ?? (session.seesAll ? 'table' : 'grid');
    this.draw();
  }

  get videos() { return this.#videos; }
  get size() { return this.#videos.length; }
  get(id) { return this.#items.get(id)?.video ?? null; }
  link(id) { return this.#items.get(id)?.link ?? null; }

  /** Table or grid, from now on. */
  choose(kind) {
    this.kind = kind;
    localStorage.setItem(KEY, kind);
    this.draw();
  }

  /** What the token may do has become known: all anew where that shows. */
  drawRights() {
    if (this.#drawn !== this.#rights) this.draw();
  }

  get #shows() {
    return {
      owner: this.#session.seesAll,
      provider: Object.keys(this.#session.info?.capabilities ?? {}).length > 1,
      selection: this.#selection.isPossible,
    };
  }

  get #rights() { return JSON.stringify([this.#shows, this.#session.scopes, this.#session.owner]); }

  /** All anew: another view, or other columns. */
  draw() {
    const session = this.#session;
    const shows = this.#shows;
    this.#drawn = this.#rights;
    this.context = {
      ...this.#handlers,
      shows,
      mayDelete: (video) => isDeletable(session, video),
      onSelect: (video, chosen) => this.#selection.set(video, chosen),
    };
    this.#items.clear();
    const tick = h('label', { class: 'tick' }, this.all);
    if (this.kind === 'table') {
      const { element, body } = videoTable(shows, tick);
      this.#body = body;
      fill(this.element, element);
    } else {
      this.#body = h('ul', { class: 'grid', id: 'videos' });
      fill(this.element, shows.selection ? h('div', { class: 'grid-head' }, tick, h('span', { class: 'hint', 'aria-hidden': 'true' }, 'Select all that are shown')) : null, this.#body);
    }
    this.#body.append(...this.#videos.map((video) => this.#make(video).element));
    this.drawSelection();
  }

  /** Shows a video as it is now; gives whether that is news. */
  put(video) {
    const item = this.#items.get(video.id);
    if (item && item.video.version >= video.version) return false;
    const at = this.#placeOf(video.id);
    if (item) {
      item.update(video);
      this.#videos[at] = video;
      this.#selection.update(video);
    } else {
      const next = this.#videos[at];
      this.#videos.splice(at, 0, video);
      this.#body.insertBefore(this.#make(video).element, next ? this.#items.get(next.id).element : null);
      this.#drawAll();
    }
    return true;
  }

  /** Takes a video away. Focus that was on it goes to its neighbour; false where there is none. */
  remove(id) {
    const item = this.#items.get(id);
    if (!item) return true;
    const held = item.element.contains(document.activeElement);
    item.element.remove();
    this.#items.delete(id);
    const at = this.#placeOf(id);
    this.#videos.splice(at, 1);
    this.#selection.remove(id);
    this.#drawAll();
    if (!held) return true;
    const neighbour = this.#videos[at] ?? this.#videos[at - 1];
    this.link(neighbour?.id)?.focus();
    return Boolean(neighbour);
  }

  clear() {
    this.#videos = [];
    this.#items.clear();
    fill(this.#body);
    this.#selection.clear();
  }

  picture(id, url) { this.#items.get(id)?.picture(url); }

  /** Times grow old. */
  age() {
    for (const item of this.#items.values()) item.update(item.video);
  }

  /** The ticks as the selection has them. */
  drawSelection() {
    for (const [id, item] of this.#items) item.select(this.#selection.has(id));
    this.#drawAll();
  }

  #drawAll() {
    const chosen = this.#selection.size;
    this.all.checked = chosen > 0 && chosen === this.size;
    this.all.indeterminate = chosen > 0 && chosen < this.size;
    this.all.disabled = this.size === 0;
  }

  #make(video) {
    const item = this.kind === 'table' ? new VideoRow(video, this.context) : new VideoCard(video, this.context);
    this.#items.set(video.id, item);
    const url = this.#handlers.pictureOf(video.id);
    if (url) item.picture(url);
    return item;
  }

  /** Ids grow with time: where this one is, or would be. */
  #placeOf(id) {
    const isBefore = (one) => (this.isOldestFirst ? one < id : one > id);
    let [low, high] = [0, this.#videos.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(this.#videos[middle].id)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
