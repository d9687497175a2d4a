// Another file, or another provider, for a video that keeps its id: begun, followed, given up.

import { announce, field, fill, h } from './dom.js';
import { icon } from './icons.js';
import { progress } from './progress.js';
import { STATUS, noticeBox, problemBox } from './words.js';

const REPLACEABLE = ['ready', 'errored', 'expired', 'cancelled'];
const FAILED = ['errored', 'expired', 'cancelled', 'deleted'];

/** Files of this tab that are on their way to take a video's place, by the video's id: they go on on other pages. */
const sending = new Map();

/** A `<details>` panel: `element` and `update(video)`. `onVideo(video)` hears of a change. */
export class VideoReplacement {
  #api;
  #session;
  #admin;
  #onVideo;
  #video = null;
  #shown = '';
  #progress = null;
  #problem = h('div');
  #state = h('div', { class: 'choices' });
  #forms = h('div', { class: 'choices' });
  #body = h('div', { class: 'panel-body' }, this.#state, this.#forms, this.#problem);

  constructor(api, session, { onVideo, admin }) {
    this.#api = api;
    this.#session = session;
    this.#admin = admin;
    this.#onVideo = onVideo;
    this.element = h('details', { class: 'panel', id: 'replacement-panel' }, h('summary', {}, h('h2', {}, 'Replace the file')), this.#body);
    this.element.hidden = true;
  }

  update(video) {
    this.#video = video;
    const offered = REPLACEABLE.includes(video.status) && this.#session.mayChangeThis(video) && this.#session.mayUpload;
    this.element.hidden = !offered && !video.replacement;
    const shown = JSON.stringify([video.replacement, video.status, video.provider, offered]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    if (video.replacement) this.element.open = true;
    this.#drawState();
    fill(this.#forms, offered && !this.#isUnderWay() ? this.#choices() : null);
  }

  close() {
    this.#progress?.close();
    this.#progress = null;
  }

  #isUnderWay() {
    const { replacement } = this.#video;
    return replacement !== null && !FAILED.includes(replacement.status);
  }

  #drawState() {
    const { replacement } = this.#video;
    this.close();
    if (!replacement) {
      sending.delete(this.#video.id);
      return fill(this.#state);
    }
    const upload = sending.get(this.#video.id);
    const isSending = upload && !upload.isOver;
    if (isSending) this.#progress = progress(upload, { uploads: { retry: (one) => one.retry(), dismiss: () => this.#giveUp() }, onCancelFailed: (error) => fill(this.#problem, problemBox(error)) });
    const failed = FAILED.includes(replacement.status);
    const words = failed ? (replacement.error?.message ?? 'The new file did not come about.') : 'Until the new file is ready, the video plays as before.';
    fill(this.#state, failed ? noticeBox(words) : h('p', {}, words),
      h('p', { class: 'hint' }, 'New file: ', h('span', { class: 'pill', 'data-status': replacement.status }, STATUS[replacement.status] ?? replacement.status), ` at ${replacement.provider}`),
      this.#progress?.element,
      this.#session.mayChangeThis(this.#video) && !isSending ? h('div', { class: 'actions' }, h('button', { type: 'button', class: 'quiet', id: 'give-up', onclick: () => this.#giveUp() }, icon('close'), failed ? 'Dismiss' : 'Give it up')) : null);
  }

  #choices() {
    return [
      h('p', { class: 'hint' }, 'A new file takes the place of the one that is there. Id, title, metadata and addresses in pages stay.'),
      this.#fileForm(), this.#addressForm(), this.#moveForm(),
    ];
  }

  #fileForm() {
    const input = h('input', { type: 'file', accept: 'video/*,audio/*', id: 'replacement-file' });
    const form = h('form', { class: 'inline-form' }, field('A file of this computer', input),
      h('div', { class: 'actions' }, h('button', { type: 'submit' }, icon('upload'), 'Upload it')));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const [file] = input.files;
      if (file) this.#try(() => this.#send(file));
    });
    return form;
  }

  /** Only where the service lets this token name addresses. */
  #addressForm() {
    if (!this.#session.info?.ingest || !this.#session.can(this.#video.provider, 'ingest')) return null;
    const input = h('input', { type: 'url', required: true, placeholder: 'https://', autocomplete: 'off', spellcheck: 'false', maxlength: '2048' });
    const form = h('form', { class: 'inline-form' }, field('A file of the web', input, 'The video provider fetches it from there.'),
      h('div', { class: 'actions' }, h('button', { type: 'submit' }, icon('into'), 'Fetch it')));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#try(async () => {
        const { video } = await this.#api.ingest({ replaces: this.#video.id, source_url: input.value });
        announce('The provider fetches the file.');
        this.#onVideo(video);
      });
    });
    return form;
  }

  /** For administrators: the same file at another provider. */
  #moveForm() {
    const providers = this.#admin ? this.#session.providersWith('ingest').filter((name) => name !== this.#video.provider) : [];
    if (providers.length === 0 || this.#video.status !== 'ready') return null;
    const choice = h('select', {}, providers.map((name) => h('option', { value: name }, name)));
    const form = h('form', { class: 'inline-form' }, field('Another provider', choice, 'It gets the best file that there is, and the video plays on meanwhile.'),
      h('div', { class: 'actions' }, h('button', { type: 'submit' }, icon('out'), 'Move the video')));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#try(async () => {
        await this.#admin.move(this.#video.id, choice.value);
        announce(`The video moves to ${choice.value}.`);
        this.#onVideo(await this.#api.read(this.#video.id));
      });
    });
    return form;
  }

  async #send(file) {
    const { Upload } = await import('./upload.js');
    const { id, title } = this.#video;
    const upload = new Upload(this.#api, this.#session.owner, file, { title: title || file.name, replaces: id });
    sending.set(id, upload);
    upload.addEventListener('begun', () => this.#onVideo(upload.video));
    upload.addEventListener('change', () => {
      // Why here: a file that never began has no replacement that would tell of it.
      if (upload.state === 'failed' && !upload.video) fill(this.#problem, problemBox(upload.error));
      if (upload.isOver) this.#redraw();
    });
    await upload.start();
  }

  #redraw() {
    this.#shown = '';
    this.update(this.#video);
  }

  #giveUp() {
    return this.#try(async () => {
      sending.get(this.#video.id)?.discard();
      sending.delete(this.#video.id);
      await this.#api.giveUpReplacement(this.#video.id);
      announce('The replacement is given up.');
      this.#onVideo(await this.#api.read(this.#video.id));
    });
  }

  async #try(work) {
    fill(this.#problem);
    try {
      await work();
    } catch (error) {
      fill(this.#problem, problemBox(error));
    }
  }
}
