// One video in the grid.

import { copyButton } from './copy.js';
import { h, setText } from './dom.js';
import { ago, moment } from './format.js';
import { icon } from './icons.js';
import { Thumb } from './thumb.js';
import { STATUS } from './words.js';

/** A list item that stays while its video changes. */
export class VideoCard {
  #title = h('span', { class: 'card-title', dir: 'auto' });
  #status = h('span', { class: 'pill' });
  #when = h('span', { class: 'card-when' });
  #owner = h('span', { class: 'card-owner', dir: 'auto' });
  #thumb;

  /** `shows`: `owner`, `selection`; `onDelete(video)`, `onSelect(video, chosen)`, `onLost(video)`; `mayDelete(video)`. */
  constructor(video, context) {
    this.context = context;
    this.#thumb = new Thumb({ onLost: () => context.onLost(this.video) });
    this.link = h('a', { class: 'card-link', href: `#/videos/${video.id}` }, this.#thumb.element, this.#title);
    this.box = h('input', { type: 'checkbox', onchange: () => context.onSelect(this.video, this.box.checked) });
    this.remove = h('button', { type: 'button', class: 'quiet icon-only danger-text', onclick: () => context.onDelete(this.video) }, icon('trash'));
    this.element = h('li', { class: 'card' }, this.link,
      context.shows.selection ? h('label', { class: 'tick' }, this.box) : null,
      context.shows.owner ? this.#owner : null,
      h('div', { class: 'card-line' }, this.#status, this.#when,
        h('span', { class: 'card-tools' }, copyButton(video.id, `Copy the id of ${nameOf(video)}`), this.remove)));
    this.update(video);
  }

  update(video) {
    this.video = video;
    const name = nameOf(video);
    this.#thumb.update(video);
    setText(this.#title, name);
    this.#title.title = name;
    setText(this.#status, STATUS[video.status] ?? video.status);
    this.#status.dataset.status = this.element.dataset.status = video.status;
    this.#status.title = video.error?.message ?? '';
    setText(this.#when, ago(video.created_at));
    this.#when.title = moment(video.created_at);
    setText(this.#owner, video.owner);
    this.box.setAttribute('aria-label', `Select ${name}`);
    this.remove.setAttribute('aria-label', `Delete ${name}`);
    this.remove.hidden = !this.context.mayDelete(video);
  }

  /** The thumbnail's address. */
  picture(url) { this.#thumb.picture(url); }

  select(chosen) {
    this.box.checked = chosen;
    this.element.classList.toggle('chosen', chosen);
  }
}

/** What a video is called where it has no title. */
export const nameOf = (video) => video.title || 'Untitled';
