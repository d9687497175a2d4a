// What is known of a video, beside its stage: its facts, when it is to be deleted, and what can be done with it.

import { copyButton } from './copy.js';
import { announce, field, fill, h } from './dom.js';
import { bytes, clock } from './format.js';
import { icon } from './icons.js';
import { exactTime, localValue } from './times.js';
import { problemBox } from './words.js';

const GONE = ['deleting', 'deleted'];

/** `context`: api, session, admin (null for others), onVideo(video), onDelete() and onProblem(error). */
export class VideoFacts {
  #context;
  #facts = h('dl', { class: 'facts-list' });
  #shown = '';
  #deletion;
  #refresh;
  #remove;

  constructor(context) {
    this.#context = context;
    this.#deletion = new DeletionTime(context);
    this.#refresh = h('button', { type: 'button', class: 'quiet', id: 'refresh', onclick: () => this.#ask() }, icon('refresh'), 'Ask the provider now');
    this.#remove = h('button', { type: 'button', class: 'quiet danger-text', id: 'delete', onclick: context.onDelete }, icon('trash'), 'Delete this video');
    this.element = h('div', { class: 'aside' }, h('h2', { class: 'visually-hidden' }, 'About this video'),
      this.#facts, this.#deletion.element, h('div', { class: 'tools' }, this.#refresh, this.#remove));
  }

  update(video, upload) {
    const { session, admin } = this.#context;
    const owner = session.seesAll && h('span', { class: 'copied' }, h('bdi', {}, video.owner), copyButton(video.owner, 'Copy the owner'));
    const rows = [
      ['Owner', owner],
      ['Length', video.duration_seconds && clock(Math.max(1, Math.round(video.duration_seconds)))],
      ['Size', video.width && video.height && `${video.width} × ${video.height}`],
      ['Shape', video.aspect_ratio],
      ['File', upload && bytes(upload.total)],
      ['Plays', video.playback_policy === 'signed' ? 'with signed addresses' : 'for everybody who has its address'],
      ['Provider', video.provider],
      ['Uploaded', exactTime(video.created_at)],
      ['Id', h('span', { class: 'copied' }, h('code', {}, video.id), copyButton(video.id, 'Copy the id'))],
    ];
    const wide = ['Owner', 'Id'];
    // Why not each time: a button that copies may have the focus.
    const shown = JSON.stringify([video, upload?.total, session.seesAll]);
    if (shown !== this.#shown) fill(this.#facts, rows.filter(([, value]) => value).map(([name, value]) => h('div', { class: wide.includes(name) ? 'wide' : null }, h('dt', {}, name), h('dd', {}, value))));
    this.#shown = shown;
    this.#deletion.update(video);
    this.#remove.hidden = GONE.includes(video.status) || !session.mayChangeThis(video) || !session.can(video.provider, 'delete');
    this.#refresh.hidden = !admin || GONE.includes(video.status);
  }

  async #ask() {
    this.#refresh.disabled = true;
    try {
      this.#context.onVideo(await this.#context.admin.refresh(this.#context.id));
      announce('The provider was asked. This is what it answered.');
    } catch (error) {
      this.#context.onProblem(error);
    } finally {
      this.#refresh.disabled = false;
    }
  }
}

/** When the video deletes itself, and the form that changes it. */
class DeletionTime {
  #context;
  #video = null;

  constructor(context) {
    this.#context = context;
    this.element = h('div', { class: 'deletion' });
  }

  update(video) {
    const same = this.#video?.delete_at === video.delete_at && this.#video?.status === video.status;
    this.#video = video;
    if (!same && !this.element.querySelector('form')) this.#draw();
  }

  #draw() {
    const { delete_at: at, status } = this.#video;
    const change = h('button', { type: 'button', class: 'quiet small', 'aria-label': 'Change when it deletes itself', onclick: () => this.#edit() }, 'Change');
    const fixed = GONE.includes(status) || !this.#context.session.mayChangeThis(this.#video);
    fill(this.element, h('dl', { class: 'facts-list' }, h('div', { class: 'wide' }, h('dt', {}, 'Deletes itself'),
      h('dd', { class: 'copied' }, at ? exactTime(at) : 'never', fixed ? null : change))));
  }

  #edit() {
    const { delete_at: at } = this.#video;
    const input = h('input', { type: 'datetime-local', required: true, value: at ? localValue(at) : '', min: localValue(Date.now()) });
    const problem = h('div');
    const back = () => {
      this.#draw();
      this.element.querySelector('button')?.focus();
    };
    const keep = async (time) => {
      try {
        const video = await this.#context.api.change(this.#video.id, { delete_at: time });
        this.#video = video;
        back();
        this.#context.onVideo(video);
        announce(time ? 'The video deletes itself then.' : 'The video does not delete itself.');
      } catch (error) {
        fill(problem, problemBox(error));
      }
    };
    const form = h('form', { class: 'inline-form' }, field('Deletes itself at', input, 'From then on it plays no more. The time is that of your clock.'), problem,
      h('div', { class: 'actions' }, h('button', { type: 'submit', class: 'small' }, 'Save'),
        at ? h('button', { type: 'button', class: 'small', onclick: () => keep(null) }, 'Never') : null,
        h('button', { type: 'button', class: 'quiet small', onclick: back }, 'Cancel')));
    form.addEventListener('keydown', (event) => event.key === 'Escape' && back());
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      keep(new Date(input.value).toISOString());
    });
    fill(this.element, form);
    input.focus();
  }
}
