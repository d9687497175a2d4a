// One upload of this tab that has not got its place in the list yet.

import { h } from './dom.js';
import { progress } from './progress.js';

/** An upload of this tab, with its progress. */
export class UploadCard {
  #progress;

  constructor(upload, options) {
    this.upload = upload;
    this.#progress = progress(upload, options);
    const { video } = upload;
    this.isNamed = Boolean(video);
    const name = video ? h('a', { href: `#/videos/${video.id}`, dir: 'auto' }, upload.title) : h('span', { dir: 'auto' }, upload.title);
    this.element = h('li', { class: 'upload-card' }, h('p', { class: 'card-title' }, name), this.#progress.element);
  }

  close() {
    this.#progress.close();
  }
}
