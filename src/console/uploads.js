// The uploads of this tab: they go on while one looks at other pages of the console.

import { loadUploadClient } from './client.js';
import { announce } from './dom.js';

const OVER = ['done', 'failed', 'cancelled'];

/**
 * One file on its way, by the client of the service. `state`: queued, starting, sending, retrying, paused, done, failed,
 * cancelled. Fires `change`, and `begun` when it has got its video.
 */
export class Upload extends EventTarget {
  #api;
  #owner;
  #client = null;
  #choices;
  #video = null;
  #state = 'queued';
  #error = null;

  constructor(api, owner, file, choices) {
    super();
    this.#api = api;
    this.#owner = owner;
    this.#choices = choices;
    this.file = file;
    this.title = choices.title;
  }

  get state() { return this.#state; }
  get error() { return this.#error; }
  get video() { return this.#video; }
  get descriptor() { return this.#client?.descriptor ?? null; }
  /** Whether it goes on with what had arrived before. */
  get resumed() { return this.#client?.resumed ?? false; }
  get isOver() { return OVER.includes(this.#state); }
  get canPause() { return this.#client?.canPause ?? false; }
  get sent() { return this.#client?.sent ?? 0; }
  get total() { return this.file.size; }
  get speed() { return this.#client?.speed ?? 0; }
  get secondsLeft() { return this.#client?.secondsLeft ?? null; }

  /** Begins; never rejects. */
  async start() {
    try {
      const { upload } = await loadUploadClient();
      if (this.isOver) return;
      this.#client = upload(this.file, { begin: (file, context) => this.#begin(file, context), owner: this.#owner });
      this.#client.addEventListener('change', () => this.#follow());
      this.#follow();
    } catch (error) {
      this.#fail(error);
    }
  }

  pause() { this.#client?.pause(); }
  resume() { this.#client?.resume(); }

  /** After a failure: with the same video, unless its upload address is dead. */
  retry() {
    if (!this.#client) {
      this.#to('queued');
      return this.start();
    }
    return this.#client.retry();
  }

  /** Stops sending and calls the upload off. Rejects where the service could not do the latter. */
  async cancel() {
    this.discard();
    if (!this.#video) return;
    this.#video = await this.#api.cancel(this.#video.id);
    this.#to('cancelled');
    announce('The upload is cancelled.');
  }

  /** Stops sending, without a word to the service: the video is being deleted. */
  discard() {
    this.#to('cancelled');
    this.#client?.cancel();
  }

  /** What the client asks for when it needs an upload. */
  async #begin(file, { idempotencyKey, signal }) {
    const { title, policy, provider } = this.#choices;
    const body = { title, filename: file.name.slice(-512), file_size: file.size };
    if (file.type && file.type.length <= 128) body.content_type = file.type;
    if (policy) body.playback_policy = policy;
    if (provider) body.provider = provider;
    // Why without the signal: an upload that was begun although it is not wanted any more is called off.
    const response = await this.#api.beginUpload(body, idempotencyKey);
    if (signal.aborted && response.ok) {
      const { video } = await response.clone().json();
      await this.#api.cancel(video.id).catch(() => {});
    }
    return response;
  }

  #follow() {
    const { state, video, error } = this.#client;
    if (video && video.id !== this.#video?.id) this.#take(video);
    if (state === 'failed') this.#fail(error);
    else if (state !== this.#state) this.#to(state);
    else this.dispatchEvent(new Event('change'));
    if (state === 'done' && !this.isTold) announce(`${this.title} has been uploaded and is being prepared.`);
    this.isTold = state === 'done';
  }

  /** A video, or another one in place of one whose address is dead: nobody will send a file for that any more. */
  #take(video) {
    if (this.#video) this.#api.cancel(this.#video.id).catch(() => {});
    this.#video = video;
    if (video.title) this.title = video.title;
    this.dispatchEvent(new Event('begun'));
  }

  #fail(error) {
    if (this.#state === 'cancelled') return;
    this.#error = error;
    this.#to('failed');
    announce(`The upload of ${this.title} has stopped.`);
  }

  #to(state) {
    if (this.#state === 'cancelled' && state !== 'cancelled') return;
    this.#state = state;
    this.dispatchEvent(new Event('change'));
  }
}

/** All of them. Fires `change` when one comes, ends or goes on, `begun` when one has got its video. */
export class Uploads extends EventTarget {
  #api;
  #session;
  #all = [];

  constructor(api, session) {
    super();
    this.#api = api;
    this.#session = session;
    addEventListener('beforeunload', (event) => this.active.length > 0 && event.preventDefault());
  }

  get active() { return this.#all.filter((one) => !one.isOver); }
  /** What a list should show of them: all but those that ended well. */
  get shown() { return this.#all.filter((one) => !['done', 'cancelled'].includes(one.state)); }
  /** The newest that has got its descriptor. */
  get latest() { return this.#all.findLast((one) => one.descriptor) ?? null; }
  of(id) { return this.#all.find((one) => one.video?.id === id) ?? null; }

  /** What the browser has kept of an upload of this file that was broken off: `{video, offset}`, or null. */
  async stored(file) {
    const known = this.active.some((one) => one.file.name === file.name && one.file.size === file.size);
    if (known) return null;
    const { stored } = await loadUploadClient();
    return stored?.(file, { owner: this.#session.owner }) ?? null;
  }

  add(file, choices) {
    const upload = new Upload(this.#api, this.#session.owner, file, choices);
    let before = '';
    upload.addEventListener('begun', () => this.dispatchEvent(new Event('begun')));
    upload.addEventListener('change', () => {
      const is = upload.isOver ? upload.state : 'active';
      if (is === before) return;
      before = is;
      this.#changed();
    });
    this.#all.push(upload);
    this.#changed();
    upload.start();
    return upload;
  }

  retry(upload) { upload.retry(); }

  /** Forgets one that failed. The same file goes on where it stopped when it is chosen again. */
  dismiss(upload) {
    this.#all = this.#all.filter((one) => one !== upload);
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}
