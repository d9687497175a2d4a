// One upload of this tab.

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
    // Why not cancelled: that would be the video whose place the file was to take.
    if (this.#choices.replaces) await this.#api.giveUpReplacement(this.#choices.replaces);
    else this.#video = await this.#api.cancel(this.#video.id);
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
    const { title, policy, provider, replaces } = this.#choices;
    const body = { ...(replaces ? { replaces } : { title }), filename: file.name.slice(-512), file_size: file.size };
    if (file.type && file.type.length <= 128) body.content_type = file.type;
    if (policy) body.playback_policy = policy;
    if (provider) body.provider = provider;
    // Why without the signal: an upload that was begun although it is not wanted any more is called off.
    const response = await this.#api.beginUpload(body, idempotencyKey);
    if (signal.aborted && response.ok) {
      const { video } = await response.clone().json();
      await (replaces ? this.#api.giveUpReplacement(replaces) : this.#api.cancel(video.id)).catch(() => {});
    }
    return response;
  }

  #follow() {
    const { state, video, error } = this.#client;
    // Why the second: a replacement is the same video each time.
    if (video && (video.id !== this.#video?.id || (this.#choices.replaces && video.version > this.#video.version))) this.#take(video);
    if (state === 'failed') this.#fail(error);
    else if (state !== this.#state) this.#to(state);
    else this.dispatchEvent(new Event('change'));
    if (state === 'done' && !this.isTold) announce(`${this.title} has been uploaded and is being prepared.`);
    this.isTold = state === 'done';
  }

  /** A video, or another one in place of one whose address is dead: nobody will send a file for that any more. */
  #take(video) {
    if (this.#video && !this.#choices.replaces) this.#api.cancel(this.#video.id).catch(() => {});
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
