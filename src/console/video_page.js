// One video: its stage, its name, its poster, what is known of it, and how to use it elsewhere.

import { confirmRemoval } from './dialog.js';
import { announce, field, fill, h } from './dom.js';
import { bytes, clock, moment } from './format.js';
import { icon } from './icons.js';
import { watch } from './live.js';
import { posterPanel } from './poster.js';
import { embedSnippet, playbackSnippet, snippet, uploadSnippet } from './snippets.js';
import { Stage } from './stage.js';
import { STATUS, problemBox } from './words.js';

/** `{element, title, close()}`. */
export function videoPage({ api, session, uploads, go }, id) {
  const page = new VideoPage({ api, session, uploads, go }, id);
  page.open();
  return page;
}

class VideoPage {
  title = 'Video';
  #api;
  #session;
  #uploads;
  #go;
  #id;
  #video = null;
  #upload = null;
  #stopWatch = () => {};
  #closed = false;
  #heading = h('h1', { tabindex: '-1' }, 'Video');
  #name = h('div', { class: 'name' }, this.#heading);
  #status = h('span', { class: 'pill' });
  #note = h('div');
  #trouble = h('div');
  #aside = h('div', { class: 'aside' });
  #below = h('div', { class: 'below' });
  #panels = '';

  constructor({ api, session, uploads, go }, id) {
    this.#api = api;
    this.#session = session;
    this.#uploads = uploads;
    this.#go = go;
    this.#id = id;
    const failed = (error) => fill(this.#note, problemBox(error));
    this.stage = new Stage({ api, session, uploads, onCancel: () => this.#cancel(), onCancelFailed: failed });
    this.element = h('div', { class: 'page' },
      h('a', { class: 'back', href: '#/' }, icon('back'), 'All videos'),
      h('div', { class: 'title-line' }, this.#name, this.#status), this.#note, this.#trouble,
      h('div', { class: 'watch' }, this.stage.element, this.#aside), this.#below);
  }

  async open() {
    this.#upload = this.#uploads.of(this.#id);
    this.#upload?.addEventListener('change', this.#uploadChanged);
    if (this.#upload) this.#show(this.#upload.video);
    try {
      const video = await this.#api.read(this.#id);
      if (this.#closed) return;
      this.#show(video);
      this.#follow(video);
    } catch (error) {
      if (this.#closed) return;
      const missing = error.status === 404;
      this.#heading.textContent = missing ? 'There is no such video' : 'Video';
      fill(this.#note, problemBox(error, missing ? {} : { retry: () => this.open() }));
      this.stage.element.hidden = !this.#video;
    }
  }

  close() {
    this.#closed = true;
    this.#stopWatch();
    this.#upload?.removeEventListener('change', this.#uploadChanged);
    this.stage.close();
  }

  #follow(video) {
    this.#stopWatch();
    this.#stopWatch = watch(this.#api, video, {
      onVideo: (next) => this.#show(next),
      onGone: () => this.#show({ ...this.#video, status: 'deleted' }),
      onTrouble: (error) => fill(this.#trouble, error ? problemBox(error) : null),
    });
  }

  #uploadChanged = () => {
    const { video, state } = this.#upload;
    // Begun anew, which makes another video.
    if (video && video.id !== this.#id) return this.#go(`#/videos/${video.id}`);
    if (state === 'cancelled' && video && video.version > this.#video.version) this.#show(video);
    else this.#drawStatus();
  };

  /** On the pill and on the stage. */
  #drawStatus() {
    const kind = this.stage.update(this.#video, this.#upload);
    this.#status.textContent = STATUS[kind];
    this.#status.dataset.status = kind;
  }

  #show(video) {
    if (this.#closed || (this.#video && video.version < this.#video.version)) return;
    const first = this.#video === null;
    this.#video = video;
    this.stage.element.hidden = false;
    this.title = video.title || 'Untitled';
    if (!this.#name.querySelector('form')) this.#drawName();
    this.#drawStatus();
    this.#drawFacts();
    if (this.#panels !== video.status) this.#drawPanels();
    if (first) document.title = `${this.title} · Yourbit Video`;
  }

  #drawName() {
    this.#heading.textContent = this.#video.title || 'Untitled';
    const rename = h('button', { type: 'button', class: 'quiet icon-only', 'aria-label': 'Rename', onclick: () => this.#rename() }, icon('pencil'));
    const fixed = ['deleting', 'deleted'].includes(this.#video.status) || !this.#session.mayChange;
    fill(this.#name, this.#heading, fixed ? null : rename);
  }

  #rename() {
    const input = h('input', { type: 'text', maxlength: '512', value: this.#video.title ?? '', autocomplete: 'off' });
    const back = () => {
      this.#drawName();
      this.#name.querySelector('button')?.focus();
    };
    const form = h('form', { class: 'rename' }, field('Title', input),
      h('div', { class: 'actions' }, h('button', { type: 'submit', class: 'primary' }, 'Save'), h('button', { type: 'button', class: 'quiet', onclick: back }, 'Cancel')));
    form.addEventListener('keydown', (event) => event.key === 'Escape' && back());
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      try {
        const video = await this.#api.change(this.#id, { title: input.value.trim() || null });
        back();
        this.#show(video);
        fill(this.#note);
        announce('The title is saved.');
      } catch (error) {
        fill(this.#note, problemBox(error));
      }
    });
    fill(this.#name, form);
    input.select();
  }

  #drawFacts() {
    const video = this.#video;
    const rows = [
      ['Length', video.duration_seconds && clock(Math.max(1, Math.round(video.duration_seconds)))],
      ['Size', video.width && video.height && `${video.width} × ${video.height}`],
      ['Shape', video.aspect_ratio],
      ['File', this.#upload && bytes(this.#upload.total)],
      ['Plays', video.playback_policy === 'signed' ? 'with signed addresses' : 'for everybody who has its address'],
      ['Provider', video.provider],
      ['Uploaded', moment(video.created_at)],
      ['Id', h('code', {}, video.id)],
    ];
    const list = h('dl', { class: 'facts-list' }, rows.filter(([, value]) => value).map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));
    const gone = ['deleting', 'deleted'].includes(video.status);
    this.remove ??= h('button', { type: 'button', class: 'quiet danger-text', id: 'delete', onclick: () => this.#remove() }, icon('trash'), 'Delete this video');
    this.remove.hidden = gone || !this.#session.mayChange;
    this.facts ??= h('div');
    fill(this.facts, list);
    if (!this.#aside.hasChildNodes()) fill(this.#aside, h('h2', { class: 'visually-hidden' }, 'About this video'), this.facts, this.remove);
  }

  /** What there is to do with a video that plays. */
  #drawPanels() {
    const video = this.#video;
    this.#panels = video.status;
    if (video.status !== 'ready' || !this.#session.mayPlay) return fill(this.#below);
    this.#poster();
    const onSaved = (next) => {
      this.#show(next);
      this.#poster();
    };
    fill(this.#below,
      this.#session.mayChange && posterPanel(this.#api, video, { onSaved, playerTime: () => this.stage.time }),
      h('details', { class: 'panel' }, h('summary', {}, h('h2', {}, 'Use it elsewhere')), h('div', { class: 'panel-body' },
        snippet('Playback address', playbackSnippet(video), video.playback_policy === 'signed' ? 'Signed addresses end after a while; ask for fresh ones when they do.' : null),
        snippet('Embed', embedSnippet(video)),
        this.#session.mayUpload && snippet('Upload another', uploadSnippet(this.#uploads.latest?.descriptor)))));
  }

  async #poster() {
    try {
      const { thumbnails } = await this.#api.thumbnails(this.#id);
      const url = thumbnails.large ?? Object.values(thumbnails)[0];
      if (url && !this.#closed) this.stage.poster(url);
    } catch {
      // A video without a picture plays as well.
    }
  }

  async #cancel() {
    try {
      this.#show(await this.#api.cancel(this.#id));
      announce('The upload is cancelled.');
    } catch (error) {
      fill(this.#note, problemBox(error));
    }
  }

  async #remove() {
    try {
      const removed = await confirmRemoval(this.#api, this.#video);
      if (!removed || this.#closed) return;
      this.#upload?.discard();
      this.#go('#/');
    } catch (error) {
      if (error.status === 404) return this.#go('#/');
      fill(this.#note, problemBox(error));
    }
  }
}
