// One video in the list, and one upload that has not got its place there yet.

import { h } from './dom.js';
import { ago, clock } from './format.js';
import { icon } from './icons.js';
import { progress } from './progress.js';
import { STATUS } from './words.js';

const ICONS = { created: 'clock', waiting: 'clock', preparing: 'film', ready: 'film', errored: 'warning', cancelled: 'ban', expired: 'clock', deleting: 'trash', deleted: 'trash' };
/** A picture that failed to load is asked for once more. */
const AGAIN_MS = 3000;

/** A list item that stays while its video changes. Without `onDelete` it offers no deletion. */
export class VideoCard {
  #title = h('span', { class: 'card-title' });
  #status = h('span', { class: 'pill' });
  #when = h('span', { class: 'card-when' });
  #length = h('span', { class: 'length' });
  #blank = h('span', { class: 'blank' });
  #picture = h('img', { alt: '', hidden: true, loading: 'lazy', decoding: 'async' });
  #tried = false;
  #fixed = false;

  constructor(video, { onDelete }) {
    this.link = h('a', { class: 'card-link', href: `#/videos/${video.id}` },
      h('span', { class: 'thumb' }, this.#blank, this.#picture, this.#length), this.#title);
    this.remove = h('button', { type: 'button', class: 'quiet icon-only', onclick: () => onDelete(this.video) }, icon('trash'));
    this.#fixed = onDelete === null;
    this.element = h('li', { class: 'card' }, this.link,
      h('div', { class: 'card-line' }, this.#status, this.#when, this.remove));
    this.#picture.addEventListener('error', () => this.#again());
    this.update(video);
  }

  update(video) {
    const changed = this.video?.status !== video.status;
    this.video = video;
    const name = video.title || 'Untitled';
    this.#title.textContent = name;
    this.#status.textContent = STATUS[video.status] ?? video.status;
    this.#status.dataset.status = this.element.dataset.status = video.status;
    this.#when.textContent = ago(video.created_at);
    this.#length.textContent = video.duration_seconds ? clock(Math.max(1, Math.round(video.duration_seconds))) : '';
    this.remove.setAttribute('aria-label', `Delete ${name}`);
    this.remove.hidden = this.#fixed || ['deleting', 'deleted'].includes(video.status);
    if (changed) this.#blank.replaceChildren(icon(ICONS[video.status] ?? 'film'));
  }

  /** The thumbnail's address. */
  picture(url) {
    this.#tried = false;
    Object.assign(this.#picture, { src: url, hidden: false });
  }

  #again() {
    const { src } = this.#picture;
    this.#picture.hidden = true;
    if (this.#tried) return;
    this.#tried = true;
    setTimeout(() => {
      Object.assign(this.#picture, { src: '', hidden: true });
      Object.assign(this.#picture, { src, hidden: false });
    }, AGAIN_MS);
  }
}

/** An upload of this tab, with its progress. */
export class UploadCard {
  #progress;

  constructor(upload, options) {
    this.upload = upload;
    this.#progress = progress(upload, options);
    const { video } = upload;
    const name = video ? h('a', { href: `#/videos/${video.id}` }, upload.title) : upload.title;
    this.element = h('li', { class: 'upload-card' }, h('p', { class: 'card-title' }, name), this.#progress.element);
  }

  close() {
    this.#progress.close();
  }
}
