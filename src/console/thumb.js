// The small picture of a video in a list, or an icon where there is none.

import { h } from './dom.js';
import { clock } from './format.js';
import { icon } from './icons.js';

const ICONS = { created: 'clock', waiting: 'clock', preparing: 'film', ready: 'film', errored: 'warning', cancelled: 'ban', expired: 'clock', deleting: 'trash', deleted: 'trash' };

/** Whether a video that plays has no picture: every provider tells the size of one that has. */
export const isSound = (video) => video.status === 'ready' && !video.width && !video.height;

/** Whether there is a thumbnail to ask for. */
export const hasPicture = (video) => video.status === 'ready' && !isSound(video);

/** 83.4 → "1:23"; never "0:00" for what has a length. */
export const lengthOf = (video) => (video.duration_seconds ? clock(Math.max(1, Math.round(video.duration_seconds))) : '');

export class Thumb {
  #length = h('span', { class: 'length' });
  #blank = h('span', { class: 'blank' });
  #picture = h('img', { alt: '', hidden: true, loading: 'lazy', decoding: 'async' });
  #shown = '';

  /** `onLost()`: the picture's address does not load, perhaps because it has expired. */
  constructor({ onLost }) {
    this.element = h('span', { class: 'thumb' }, this.#blank, this.#picture, this.#length);
    this.#picture.addEventListener('load', () => this.element.classList.add('pictured'));
    this.#picture.addEventListener('error', () => {
      this.#blankOnly();
      onLost();
    });
  }

  update(video) {
    this.#length.textContent = lengthOf(video);
    const name = isSound(video) ? 'sound' : ICONS[video.status] ?? 'film';
    if (this.#shown !== name) this.#blank.replaceChildren(icon(name));
    this.#shown = name;
    if (!hasPicture(video)) this.#blankOnly();
  }

  /** The thumbnail's address. */
  picture(url) {
    Object.assign(this.#picture, { src: url, hidden: false });
  }

  #blankOnly() {
    this.#picture.hidden = true;
    this.element.classList.remove('pictured');
  }
}
