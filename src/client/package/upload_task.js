// One file from the choice to the last byte: begin, send, resume.

import { beginUpload } from './begin.js';
import { UploadFailure, cancelled } from './failure.js';
import { noRecord, openRecord } from './resume.js';
import { takeSlot } from './slots.js';
import { Transfer } from './transfer.js';

const OVER = ['done', 'failed', 'cancelled'];

/**
 * One upload. `state`: queued, starting, sending, retrying, paused, done, failed, cancelled. Fires `change`. It can be
 * awaited: it gives `{ video, resumed }`, or rejects with an `UploadFailure`.
 */
export class UploadTask extends EventTarget {
  #options;
  #key = randomKey();
  #abort = new AbortController();
  #transfer = null;
  #record = null;
  #release = () => {};
  #promise;

  constructor(file, options) {
    super();
    this.#options = options;
    Object.assign(this, { file, state: 'queued', video: null, descriptor: null, error: null, resumed: false });
    if (options.onProgress) this.addEventListener('change', () => options.onProgress(this));
    options.signal?.addEventListener('abort', () => this.cancel(), { once: true });
    if (options.signal?.aborted) this.#abort.abort();
    this.#start();
  }

  get sent() { return this.#transfer?.sent ?? 0; }
  get total() { return this.file.size; }
  /** Bytes a second; 0 while unknown. */
  get speed() { return this.#transfer?.speed ?? 0; }
  /** Null while unknown. */
  get secondsLeft() { return this.#transfer?.secondsLeft ?? null; }
  get canPause() { return this.#transfer?.canPause ?? false; }

  then(done, failed) { return this.#promise.then(done, failed); }
  catch(failed) { return this.#promise.catch(failed); }
  finally(call) { return this.#promise.finally(call); }

  pause() {
    this.#transfer?.pause();
    if (this.state === 'paused') this.#release();
  }

  async resume() {
    if (this.state !== 'paused') return;
    this.#to('queued');
    const release = await takeSlot(this.#abort.signal).catch(() => null);
    if (!release) return;
    this.#release = release;
    this.#transfer.resume();
  }

  /** Stops for good. What was stored for a reload is removed. The video at the service stays: cancel it there. */
  cancel() {
    if (OVER.includes(this.state)) return;
    this.#abort.abort();
    this.#transfer?.cancel();
    this.#record?.remove();
    this.#to('cancelled');
  }

  /** Goes on after a failure: with the same upload, or with a new one where its address is dead. */
  retry() {
    if (this.state !== 'failed') return;
    if (this.error.reason === 'expired') this.#forget();
    this.#start();
  }

  #start() {
    this.error = null;
    this.#to('queued');
    this.#promise = this.#run();
    // Those who follow the events need not await the upload.
    this.#promise.catch(() => {});
  }

  async #run() {
    const { signal } = this.#abort;
    try {
      this.#release = await takeSlot(signal);
      this.#record = await this.#open();
      if (signal.aborted) throw cancelled();
      await this.#send();
      this.#record.remove();
      this.#to('done');
      return { video: this.video, resumed: this.resumed };
    } catch (error) {
      throw this.#failed(error);
    } finally {
      this.#release();
      this.#record?.close();
    }
  }

  #failed(error) {
    if (this.#abort.signal.aborted) {
      this.#record?.remove();
      this.#to('cancelled');
      this.error = cancelled();
    } else {
      this.error = error instanceof UploadFailure ? error : new UploadFailure('refused', { detail: String(error), cause: error });
      if (this.error.reason === 'expired') this.#record?.remove();
      this.#to('failed');
    }
    return this.error;
  }

  #open() {
    return this.#options.resume === false ? noRecord() : openRecord(this.file, this.#options.owner);
  }

  async #send() {
    if (this.descriptor) return this.#transmit({ ask: true });
    const stored = this.#record.read();
    if (stored && await this.#goOn(stored)) return undefined;
    await this.#begin();
    return this.#transmit({});
  }

  /** Goes on with a stored upload. Resolves with false where the server does not take it any more. */
  async #goOn({ video, descriptor, offset }) {
    Object.assign(this, { video, descriptor, resumed: true });
    try {
      await this.#transmit({ ask: true, offset });
      return true;
    } catch (error) {
      const dead = ['expired', 'refused'].includes(error.reason) && this.#transfer?.confirmed === offset;
      if (!dead) throw error;
      this.#forget();
      return false;
    }
  }

  /** The next run begins anew. */
  #forget() {
    this.#record?.remove();
    Object.assign(this, { video: null, descriptor: null, resumed: false });
    this.#transfer = null;
    this.#key = randomKey();
  }

  async #begin() {
    if (this.file.size === 0) throw new UploadFailure('empty');
    this.#to('starting');
    const { signal } = this.#abort;
    const begun = await beginUpload(this.#options.begin, this.file, { idempotencyKey: this.#key, signal });
    Object.assign(this, begun);
    this.#keep(0, this.descriptor);
    if (signal.aborted) throw cancelled();
  }

  #transmit(how) {
    const onConfirmed = (offset, descriptor) => this.#keep(offset, descriptor);
    this.#transfer = new Transfer(this.file, this.descriptor, { offset: this.#transfer?.confirmed, ...how, onConfirmed });
    this.#transfer.addEventListener('change', () => this.#follow(this.#transfer.state));
    return this.#transfer.start();
  }

  #follow(state) {
    if (['sending', 'retrying', 'paused'].includes(state)) this.#to(state);
  }

  #keep(offset, descriptor) {
    this.descriptor = descriptor;
    this.#record.write({ descriptor, video: this.video, offset });
  }

  #to(state) {
    if (this.state === 'cancelled') return;
    this.state = state;
    this.dispatchEvent(new Event('change'));
  }
}

/** Why not randomUUID: pages without TLS do not have it. */
function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
