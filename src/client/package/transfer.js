// Sends one file as an upload descriptor says (`upload` of POST /v1/uploads), whatever its protocol.

import { chunkSize, endOf } from './chunks.js';
import { FATAL, RESYNC, UploadFailure, cancelled } from './failure.js';
import { postForm, postFormContentRange } from './form.js';
import { put, putContentRange } from './put.js';
import { tusCreate, tusExisting } from './tus.js';

const PROTOCOLS = {
  put,
  put_content_range: putContentRange,
  post_form: postForm,
  post_form_content_range: postFormContentRange,
  tus_existing: tusExisting,
  tus_create: tusCreate,
};

/** Failures in a row, without progress in between, after which a transfer fails. */
const MOST_FAILURES = 8;
/** The same, where the server disagrees about the offset. */
const MOST_RESYNCS = 2;
/** The time over which the speed is measured. */
const WINDOW_MS = 5000;

/** One file on its way. `state`: new, sending, retrying, paused, done, failed, cancelled. Fires `change`. */
export class Transfer extends EventTarget {
  #driver;
  #size;
  #abort = null;
  #wake = null;
  #samples = [];
  #failures = 0;
  #resyncs = 0;
  #confirmed = 0;

  /**
   * `firstWait`: milliseconds before the first retry. `ask`: a part of the file may have arrived, so the server is asked
   * first. `offset`: what it has confirmed before. `onConfirmed(offset, descriptor)` is told what a later page needs to
   * go on from there.
   */
  constructor(file, descriptor, { firstWait = 500, ask = false, offset = 0, onConfirmed = () => {} } = {}) {
    super();
    Object.assign(this, { file, descriptor, firstWait, ask, onConfirmed, state: 'new', sent: 0, failure: null });
    const make = Object.hasOwn(PROTOCOLS, descriptor.protocol) && PROTOCOLS[descriptor.protocol];
    if (!make) throw new UploadFailure('refused', { detail: `Unknown upload protocol "${descriptor.protocol}".` });
    this.#driver = make(file, descriptor, () => this.#confirm(this.#confirmed));
    this.#confirmed = this.#driver.resumable ? offset : 0;
    this.#size = this.#driver.resumable ? chunkSize(descriptor.chunk) : Infinity;
  }

  get total() { return this.file.size; }
  get canPause() { return this.#driver.resumable; }
  /** Bytes that the server has confirmed. */
  get confirmed() { return this.#confirmed; }

  /** Bytes a second over the last `WINDOW_MS`; 0 while unknown. */
  get speed() {
    const samples = this.#samples;
    if (this.state !== 'sending' || samples.length < 2) return 0;
    const [first, last] = [samples[0], samples.at(-1)];
    return last.at > first.at ? Math.max(0, ((last.sent - first.sent) * 1000) / (last.at - first.at)) : 0;
  }

  /** Seconds; null while unknown. */
  get secondsLeft() {
    const speed = this.speed;
    return speed > 0 ? (this.total - this.sent) / speed : null;
  }

  /** Resolves when the last byte has arrived. */
  async start() {
    try {
      this.#check();
      await this.#run();
      this.#to('done', this.total);
    } catch (error) {
      this.failure = error instanceof UploadFailure ? error : new UploadFailure('refused', { detail: String(error) });
      this.#to(this.failure.reason === 'cancelled' ? 'cancelled' : 'failed');
      throw this.failure;
    }
  }

  /** Cuts off the request that is on its way. */
  pause() {
    if (!this.canPause || !['sending', 'retrying'].includes(this.state)) return;
    this.#to('paused');
    this.#interrupt();
  }

  resume() {
    if (this.state !== 'paused') return;
    this.#failures = 0;
    this.#to('sending', this.#confirmed);
    this.#wake?.();
  }

  /** Stops for good. What has arrived stays with the server until the upload is cancelled there or ends. */
  cancel() {
    if (['done', 'failed', 'cancelled'].includes(this.state)) return;
    this.#to('cancelled');
    this.#interrupt();
  }

  #check() {
    const most = this.descriptor.max_bytes;
    if (this.file.size === 0) throw new UploadFailure('empty');
    if (most && this.file.size > most) throw new UploadFailure('too_large');
  }

  async #run() {
    this.#to('sending', this.#confirmed);
    let lost = this.ask; // whether the next step asks for the offset
    for (let done = false; !done; ) {
      await this.#gate();
      try {
        const step = lost ? await this.#probe() : await this.#send();
        ({ done } = step);
        this.#progress(step.offset, lost);
        lost = !done && step.offset >= this.total; // all is sent, and the server does not call it complete
        if (lost) this.#count(new UploadFailure('refused', { kind: RESYNC }));
      } catch (error) {
        if (this.state === 'cancelled') throw cancelled();
        lost = true;
        if (this.state !== 'paused') await this.#recover(error);
      }
    }
  }

  #send() {
    const start = this.#confirmed;
    const end = endOf(start, this.#size, this.total);
    return this.#driver.send(start, end, { signal: this.#signal(), onProgress: (loaded) => this.#sample(start + loaded) });
  }

  /** Asks for the offset. The last confirmed one stands in where the server gives none. */
  #probe() {
    return this.#driver.probe(Math.min(this.#confirmed, this.total - 1), { signal: this.#signal() });
  }

  #progress(offset, probed) {
    if (!Number.isSafeInteger(offset) || offset < 0 || offset > this.total) {
      throw new UploadFailure('refused', { detail: 'The server names an offset that the file does not have.' });
    }
    if (offset > this.#confirmed) [this.#failures, this.#resyncs] = [0, 0];
    this.#confirm(offset);
    if (probed) this.#samples = [];
    if (['sending', 'retrying'].includes(this.state)) this.#to('sending', offset);
    this.#sample(offset);
  }

  #confirm(offset) {
    this.#confirmed = offset;
    this.onConfirmed(offset, this.#driver.descriptor ?? this.descriptor);
  }

  /** Waits before the next step, or throws. */
  async #recover(error) {
    if (!(error instanceof UploadFailure) || error.kind === FATAL) throw error;
    this.#count(error);
    const wait = Math.max(error.wait, Math.min(this.firstWait * 2 ** (this.#failures - 1), 30_000));
    this.failure = error;
    this.#to('retrying');
    await this.#sleep(wait * (0.75 + Math.random() / 2));
  }

  #count(error) {
    if (error.kind === RESYNC && (!this.canPause || ++this.#resyncs > MOST_RESYNCS)) throw error;
    if (++this.#failures > MOST_FAILURES) throw error;
  }

  /** Ends early when the network comes back, on pause and on cancel; goes on while the browser is offline. */
  #sleep(ms) {
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        globalThis.removeEventListener?.('online', finish);
        this.#abort = null;
        resolve();
      };
      const tick = () => (globalThis.navigator?.onLine === false ? (timer = setTimeout(tick, 1000)) : finish());
      let timer = setTimeout(tick, ms);
      globalThis.addEventListener?.('online', finish, { once: true });
      this.#abort = { abort: finish };
    });
  }

  /** Waits while the transfer is paused. */
  async #gate() {
    if (this.state === 'paused') await new Promise((resolve) => { this.#wake = resolve; });
    this.#wake = null;
    if (this.state === 'cancelled') throw cancelled();
  }

  #signal() {
    this.#abort = new AbortController();
    return this.#abort.signal;
  }

  #interrupt() {
    this.#abort?.abort();
    this.#wake?.();
  }

  #sample(sent) {
    const at = performance.now();
    this.#samples = this.#samples.filter((one) => at - one.at < WINDOW_MS);
    this.#samples.push({ at, sent });
    this.sent = Math.min(sent, this.total);
    if (this.state === 'retrying') this.state = 'sending';
    this.dispatchEvent(new Event('change'));
  }

  #to(state, sent = this.sent) {
    Object.assign(this, { state, sent });
    if (state !== 'sending') this.#samples = [];
    this.dispatchEvent(new Event('change'));
  }
}
