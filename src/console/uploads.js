// The uploads of this tab: they go on while one looks at other pages of the console.

import { ApiError } from './api.js';
import { announce } from './dom.js';
import { Transfer } from './upload/transfer.js';

/** Files sent at the same time; more would only share the line. */
const AT_ONCE = 2;
const OVER = ['done', 'failed', 'cancelled'];

/** One file's way: queued, starting, sending, retrying, paused, done, failed, cancelled. Fires `change`. */
export class Upload extends EventTarget {
  #api;
  #key = crypto.randomUUID();

  constructor(api, file, { title, policy }) {
    super();
    this.#api = api;
    Object.assign(this, { file, title, policy, state: 'queued', video: null, descriptor: null, transfer: null, error: null });
  }

  get isOver() { return OVER.includes(this.state); }
  get canPause() { return this.transfer?.canPause ?? false; }
  get sent() { return this.transfer?.sent ?? 0; }
  get total() { return this.file.size; }

  /** Runs to its end, good or bad; never rejects. */
  async run() {
    try {
      await this.#begin();
      if (!this.isOver) await this.#send();
    } catch (error) {
      if (this.state === 'cancelled') return;
      this.error = error;
      this.#to('failed');
      announce(`The upload of ${this.title} has stopped.`);
    }
  }

  pause() { this.transfer?.pause(); }
  resume() { this.transfer?.resume(); }

  /** Stops sending and calls the upload off. Rejects where the service could not do the latter. */
  async cancel() {
    this.#to('cancelled');
    this.transfer?.abort();
    if (!this.video) return;
    this.video = await this.#api.cancel(this.video.id);
    this.#to('cancelled');
    announce('The upload is cancelled.');
  }

  /** Stops sending, without a word to the service: the video is being deleted. */
  discard() {
    this.#to('cancelled');
    this.transfer?.abort();
  }

  async #begin() {
    if (this.video) return;
    this.#to('starting');
    const { file, title, policy } = this;
    const body = { title, filename: file.name.slice(-512), file_size: file.size };
    if (file.type && file.type.length <= 128) body.content_type = file.type;
    if (policy) body.playback_policy = policy;
    const { video, upload } = await this.#api.createUpload(body, this.#key);
    Object.assign(this, { video, descriptor: upload });
    // Cancelled while the service was still asking the provider.
    if (this.state === 'cancelled') await this.cancel();
    this.dispatchEvent(new Event('begun'));
  }

  async #send() {
    const again = this.transfer !== null;
    this.error = null;
    this.transfer = new Transfer(this.file, this.descriptor, { ask: again });
    this.transfer.addEventListener('change', () => {
      const { state } = this.transfer;
      if (['sending', 'retrying', 'paused'].includes(state) && state !== this.state) this.#to(state);
      else this.dispatchEvent(new Event('change'));
    });
    await this.transfer.start();
    this.#to('done');
    announce(`${this.title} has been uploaded and is being prepared.`);
  }

  /** Ready for another run after a failure: with the same video, unless its upload address is dead. */
  prepare() {
    if (this.error instanceof ApiError || this.error?.reason === 'expired') {
      // Nobody will send a file for the old one any more.
      if (this.video) this.#api.cancel(this.video.id).catch(() => {});
      Object.assign(this, { video: null, descriptor: null, transfer: null });
      // An answer that was lost on the way is given again for the same key.
      if (this.error.code !== 'network') this.#key = crypto.randomUUID();
    }
    this.#to('queued');
  }

  #to(state) {
    if (this.state === 'cancelled' && state !== 'cancelled' && state !== 'queued') return;
    this.state = state;
    this.dispatchEvent(new Event('change'));
  }
}

/** All of them. Fires `change` when one comes or ends, `begun` when one has got its video. */
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

  add(file, choices) {
    const upload = new Upload(this.#api, file, choices);
    upload.addEventListener('begun', () => this.#changed('begun'));
    this.#all.push(upload);
    this.#next();
    this.#changed();
    return upload;
  }

  retry(upload) {
    upload.prepare();
    this.#next();
    this.#changed();
  }

  /** Forgets one that failed. */
  dismiss(upload) {
    upload.discard();
    this.#all = this.#all.filter((one) => one !== upload);
    this.#changed();
  }

  #next() {
    const running = this.active.filter((one) => one.state !== 'queued' && one.state !== 'paused').length;
    const waiting = this.active.filter((one) => one.state === 'queued').slice(0, Math.max(0, AT_ONCE - running));
    for (const one of waiting) {
      one.run().finally(() => {
        this.#changed();
        this.#next();
      });
    }
  }

  #changed(kind = 'change') {
    this.dispatchEvent(new Event(kind));
  }
}
