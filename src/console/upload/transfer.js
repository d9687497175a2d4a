// Sends one file as an upload descriptor says (the `upload` of POST /v1/uploads), whatever its protocol.
// Knows nothing of the page: any page of any application can import it.
//
//   const transfer = new Transfer(file, descriptor);
//   transfer.addEventListener('change', () => draw(transfer.state, transfer.sent, transfer.speed));
//   await transfer.start();      // rejects with an UploadFailure
//   transfer.pause(); transfer.resume(); transfer.abort();

import { chunkSize, endOf } from './chunks.js';
import { FATAL, RESYNC, UploadFailure, aborted } from './failure.js';
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

/** Failures in a row, without a byte of progress between, after which we stop trying. */
const MOST_FAILURES = 8;
/** The same where the server disagrees rather than fails. */
const MOST_RESYNCS = 2;
/** Speed is what came through in the last seconds. */
const WINDOW_MS = 5000;

/** One file on its way. `state`: new, sending, retrying, paused, done, failed, aborted. Fires `change`. */
export class Transfer extends EventTarget {
  #driver;
  #size;
  #abort = null;
  #wake = null;
  #samples = [];
  #failures = 0;
  #resyncs = 0;
  #confirmed = 0;

  /** `firstWait`: milliseconds before the first retry. `ask`: some of the file may have arrived already. */
  constructor(file, descriptor, { firstWait = 500, ask = false } = {}) {
    super();
    Object.assign(this, { file, descriptor, firstWait, ask, state: 'new', sent: 0, failure: null });
    const make = PROTOCOLS[descriptor.protocol];
    if (!make) throw new UploadFailure('refused', { detail: `This page does not know the upload protocol "${descriptor.protocol}".` });
    this.#driver = make(file, descriptor);
    this.#size = this.#driver.resumable ? chunkSize(descriptor.chunk) : Infinity;
  }

  get total() { return this.file.size; }
  get canPause() { return this.#driver.resumable; }

  /** Bytes a second, over the last few seconds; 0 while nothing is known. */
  get speed() {
    const samples = this.#samples;
    if (this.state !== 'sending' || samples.length < 2) return 0;
    const [first, last] = [samples[0], samples.at(-1)];
    return last.at > first.at ? Math.max(0, ((last.sent - first.sent) * 1000) / (last.at - first.at)) : 0;
  }

  /** Seconds; null while nothing is known. */
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
      this.#to(this.failure.reason === 'aborted' ? 'aborted' : 'failed');
      throw this.failure;
    }
  }

  /** Stops after what is on its way, which is cut off. */
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

  /** For good. What has arrived stays with the server until the upload is cancelled or ends. */
  abort() {
    if (['done', 'failed', 'aborted'].includes(this.state)) return;
    this.#to('aborted');
    this.#interrupt();
  }

  #check() {
    const most = this.descriptor.max_bytes;
    if (this.file.size === 0) throw new UploadFailure('empty');
    if (most && this.file.size > most) throw new UploadFailure('too_large');
  }

  async #run() {
    this.#to('sending', 0);
    let lost = this.ask; // whether the offset must be asked for first
    for (let done = false; !done; ) {
      await this.#gate();
      try {
        const step = lost ? await this.#probe() : await this.#send();
        ({ done } = step);
        this.#progress(step.offset, lost);
        lost = !done && step.offset >= this.total; // all sent, and yet not complete: ask
        if (lost) this.#count(new UploadFailure('refused', { kind: RESYNC }));
      } catch (error) {
        if (this.state === 'aborted') throw aborted();
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

  /** The driver is asked; the last confirmed offset is what it may fall back to. */
  #probe() {
    return this.#driver.probe(Math.min(this.#confirmed, this.total - 1), { signal: this.#signal() });
  }

  #progress(offset, probed) {
    if (!Number.isSafeInteger(offset) || offset < 0 || offset > this.total) {
      throw new UploadFailure('refused', { detail: 'The server names an offset that the file does not have.' });
    }
    if (offset > this.#confirmed) [this.#failures, this.#resyncs] = [0, 0];
    this.#confirmed = offset;
    if (probed) this.#samples = [];
    if (['sending', 'retrying'].includes(this.state)) this.#to('sending', offset);
    this.#sample(offset);
  }

  /** Waits, or gives up. */
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

  /** Ends early when the network comes back, on pause and on abort; goes on while the browser is offline. */
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

  /** Passes unless paused; then when resumed. */
  async #gate() {
    if (this.state === 'paused') await new Promise((resolve) => { this.#wake = resolve; });
    this.#wake = null;
    if (this.state === 'aborted') throw aborted();
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
