// The videos that are chosen in a list, and what can be done with all of them at once.

import { fill, h } from './dom.js';
import { icon } from './icons.js';

/** A bar below the list while something is chosen. */
export class Selection {
  #api;
  #session;
  #chosen = new Map();
  #options;
  #busy = false;

  /** `onChange()`, `onVideo(video)` for each that was changed, `onGone(id)`, `onEmpty()` where focus needs a place, `onDone()`. */
  constructor(api, session, options) {
    this.#api = api;
    this.#session = session;
    this.#options = options;
    this.count = h('span', { class: 'selected-count', role: 'status' });
    this.buttons = ['cancel', 'refresh', 'delete'].map((kind) => h('button', { type: 'button', 'data-kind': kind, class: kind === 'delete' ? 'danger' : null, onclick: () => this.#run(kind) }));
    this.none = h('button', { type: 'button', class: 'quiet', onclick: () => this.clear(true) }, 'Select none');
    this.bar = h('div', { class: 'selected-bar', role: 'region', 'aria-label': 'Selected videos', hidden: true }, this.count, h('div', { class: 'actions' }, this.buttons, this.none));
    this.report = h('div', { class: 'note' });
  }

  get isPossible() { return this.#session.mayChange || this.#session.mayCancel; }
  get size() { return this.#chosen.size; }
  has(id) { return this.#chosen.has(id); }

  set(video, chosen) {
    if (chosen) this.#chosen.set(video.id, video);
    else this.#chosen.delete(video.id);
    this.#draw();
  }

  setAll(videos, chosen) {
    for (const video of videos) {
      if (chosen) this.#chosen.set(video.id, video);
      else this.#chosen.delete(video.id);
    }
    this.#draw();
  }

  /** A video that may be chosen is now like this. */
  update(video) {
    if (!this.#chosen.has(video.id)) return;
    this.#chosen.set(video.id, video);
    this.#draw();
  }

  remove(id) {
    if (this.#chosen.delete(id)) this.#draw();
  }

  clear(moveFocus = false) {
    this.#chosen.clear();
    this.#draw();
    if (moveFocus) this.#options.onEmpty();
  }

  #draw() {
    this.bar.hidden = this.#chosen.size === 0;
    this.count.textContent = this.#chosen.size === 0 ? '' : `${this.#chosen.size} selected`;
    const names = { cancel: ['close', 'Cancel uploads'], refresh: ['refresh', 'Refresh'], delete: ['trash', 'Delete'] };
    for (const button of this.buttons) {
      const { kind } = button.dataset;
      const fit = this.#fit(kind);
      const [picture, name] = names[kind];
      fill(button, icon(picture), fit.length === this.#chosen.size ? name : `${name} (${fit.length})`);
      button.hidden = fit.length === 0;
      button.disabled = this.#busy;
    }
    this.none.disabled = this.#busy;
    this.#options.onChange();
  }

  /** The chosen videos with which this can be done. */
  #fit(kind) {
    const session = this.#session;
    const fits = {
      cancel: (video) => ['created', 'waiting'].includes(video.status) && session.mayCancelThis(video) && session.can(video.provider, 'cancel'),
      refresh: (video) => session.isAdmin && video.status !== 'deleted',
      delete: (video) => isDeletable(session, video),
    };
    return [...this.#chosen.values()].filter(fits[kind]);
  }

  async #run(kind) {
    const { changeMany } = await import('./bulk.js');
    const videos = this.#fit(kind);
    const onProgress = (done) => {
      this.#busy = true;
      this.#draw();
      this.count.textContent = `${done} of ${videos.length} …`;
    };
    fill(this.report);
    const report = await changeMany(this.#api, kind, videos, { session: this.#session, onProgress, onVideo: this.#options.onVideo, onGone: this.#options.onGone });
    this.#busy = false;
    if (report === null) return this.#draw();
    // What failed stays chosen, to be tried again.
    const failed = new Set(report.failed.map((one) => one.video.id));
    for (const { id } of videos) if (!failed.has(id)) this.#chosen.delete(id);
    this.#draw();
    fill(this.report, report.element);
    if (this.#chosen.size === 0) this.#options.onEmpty();
    return this.#options.onDone();
  }
}

/** Whether the page offers to delete this video. */
export const isDeletable = (session, video) => !['deleting', 'deleted'].includes(video.status) && session.mayChangeThis(video);
