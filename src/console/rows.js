// One video in the table.

import { nameOf } from './cards.js';
import { copyButton } from './copy.js';
import { h, setText } from './dom.js';
import { ago, moment } from './format.js';
import { icon } from './icons.js';
import { Thumb, lengthOf } from './thumb.js';
import { STATUS } from './words.js';

/** The table, without rows. `body` takes them. */
export function videoTable(shows, selectAll) {
  const body = h('tbody', { id: 'videos' });
  const head = [
    shows.selection ? h('th', { class: 'cell-tick', scope: 'col' }, selectAll) : null,
    h('th', { scope: 'col' }, 'Video'),
    h('th', { class: 'wide', scope: 'col' }, 'Status'),
    shows.owner ? h('th', { class: 'wide', scope: 'col' }, 'Owner') : null,
    shows.provider ? h('th', { class: 'widest', scope: 'col' }, 'Provider') : null,
    h('th', { class: 'wide number', scope: 'col' }, 'Length'),
    h('th', { class: 'wide', scope: 'col' }, 'Added'),
    h('th', { class: 'cell-tools', scope: 'col' }, h('span', { class: 'visually-hidden' }, 'Actions')),
  ];
  return { body, element: h('table', { class: 'videos' }, h('thead', {}, h('tr', {}, head.filter(Boolean))), body) };
}

/** A row that stays while its video changes. Takes what a `VideoCard` takes. */
export class VideoRow {
  #title = h('span', { class: 'row-title', dir: 'auto' });
  #reason = h('span', { class: 'row-reason', dir: 'auto' });
  // Twice: a cell of its own where the window is wide, below the title where it is not.
  #status = [pill(), pill()];
  #owner = [h('a', { dir: 'auto' }), h('span', { dir: 'auto' })];
  #when = [h('span'), h('span')];
  #length = [h('span'), h('span')];
  #provider = h('span');
  #thumb;

  constructor(video, context) {
    this.context = context;
    this.#thumb = new Thumb({ onLost: () => context.onLost(this.video) });
    this.link = h('a', { class: 'row-link', href: `#/videos/${video.id}` }, this.#thumb.element, this.#title);
    this.box = h('input', { type: 'checkbox', onchange: () => context.onSelect(this.video, this.box.checked) });
    this.remove = h('button', { type: 'button', class: 'quiet icon-only danger-text', onclick: () => context.onDelete(this.video) }, icon('trash'));
    const { shows } = context;
    const small = h('span', { class: 'row-small' }, this.#status[1], shows.owner ? this.#owner[1] : null, this.#length[1], this.#when[1]);
    this.element = h('tr', {},
      shows.selection ? h('td', { class: 'cell-tick' }, h('label', { class: 'tick' }, this.box)) : null,
      h('td', { class: 'cell-video' }, this.link, this.#reason, small),
      h('td', { class: 'wide' }, this.#status[0]),
      shows.owner ? h('td', { class: 'wide owner' }, this.#owner[0]) : null,
      shows.provider ? h('td', { class: 'widest' }, this.#provider) : null,
      h('td', { class: 'wide number' }, this.#length[0]),
      h('td', { class: 'wide when' }, this.#when[0]),
      h('td', { class: 'cell-tools' }, h('span', { class: 'card-tools' }, copyButton(video.id, `Copy the id of ${nameOf(video)}`), this.remove)));
    this.update(video);
  }

  update(video) {
    this.video = video;
    const name = nameOf(video);
    this.#thumb.update(video);
    setText(this.#title, name);
    this.#title.title = name;
    setText(this.#reason, video.error?.message ?? '');
    this.element.dataset.status = video.status;
    for (const one of this.#status) {
      setText(one, STATUS[video.status] ?? video.status);
      one.dataset.status = video.status;
    }
    for (const one of this.#owner) setText(one, video.owner);
    Object.assign(this.#owner[0], { href: `#/?${new URLSearchParams({ owner: video.owner })}`, title: `Videos of ${video.owner}` });
    for (const one of this.#when) {
      setText(one, ago(video.created_at));
      one.title = moment(video.created_at);
    }
    for (const one of this.#length) setText(one, lengthOf(video));
    setText(this.#provider, video.provider);
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

const pill = () => h('span', { class: 'pill' });
