// Plays a video in a <video> element: HLS by the browser itself, else by hls.js; signed addresses are renewed.

import { meta } from './dom.js';

const HLS = 'application/vnd.apple.mpegurl';
/** A failed renewal is tried again so much later. */
const AGAIN_MS = 15_000;
let library = null;

/** hls.js from the one address that the page's policy allows, checked by its hash. */
function loadLibrary() {
  const url = meta('hls-js');
  if (!url) return Promise.reject(new PlayerError('This browser cannot play HLS by itself. Set console.hls_js_url to play it here with hls.js.'));
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    const integrity = meta('hls-js-integrity');
    if (integrity) script.integrity = integrity;
    Object.assign(script, { crossOrigin: 'anonymous', src: url });
    script.onload = () => (globalThis.Hls?.isSupported() ? resolve(globalThis.Hls) : reject(new PlayerError('This browser cannot play HLS, not even with hls.js.')));
    script.onerror = () => {
      library = null;
      reject(new PlayerError('hls.js could not be loaded, or its hash is not the one in console.hls_js_integrity.'));
    };
    document.head.append(script);
  });
  return library;
}

/** A reason in words. */
export class PlayerError extends Error {}

/** One video in one element. `onError(error)` hears what cannot be mended. */
export class Player {
  #api;
  #id;
  #hls = null;
  #timer = 0;
  #due = Infinity;
  #mended = 0;
  #native;
  #closed = false;

  constructor(element, api, id, { onError }) {
    Object.assign(this, { element, onError });
    this.#api = api;
    this.#id = id;
    this.#native = element.canPlayType(HLS) !== '';
    element.addEventListener('error', this.#broken);
    document.addEventListener('visibilitychange', this.#overdue);
  }

  /** How it plays, for those who want to know: native, hls.js or file. */
  way = '';

  /** Fetches playback and starts. */
  async play() {
    try {
      await this.#load({ at: 0, playing: true });
    } catch (error) {
      this.onError(error);
    }
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    document.removeEventListener('visibilitychange', this.#overdue);
    this.element.removeEventListener('error', this.#broken);
    this.#detach();
    this.element.removeAttribute('src');
    this.element.load();
  }

  async #load(where) {
    const { playback, aheadMs } = await this.#api.playback(this.#id);
    if (this.#closed) return;
    this.#plan(playback.refresh_after, aheadMs);
    const { hls, mp4 } = playback.urls;
    if (hls && this.#native) this.#source(hls, where, 'native');
    else if (hls && (meta('hls-js') || !mp4)) await this.#library(hls, where);
    else if (mp4) this.#source(mp4, where, 'file');
    else throw new PlayerError('The provider gives no address that this page can play. Try the embed snippet.');
  }

  /** The browser's own player. */
  #source(url, { at, playing }, way) {
    this.#detach();
    const { element } = this;
    this.way = element.dataset.way = way;
    element.src = url;
    if (at > 0) element.addEventListener('loadedmetadata', () => { element.currentTime = at; }, { once: true });
    if (playing) element.play().catch(ignoreInterrupted);
  }

  async #library(url, { at, playing }) {
    const Hls = await loadLibrary();
    if (this.#closed) return;
    this.#detach();
    this.way = this.element.dataset.way = 'hls.js';
    // No worker: the policy allows none.
    const hls = new Hls({ enableWorker: false, startPosition: at > 0 ? at : -1 });
    this.#hls = hls;
    hls.on(Hls.Events.ERROR, (_, data) => {
      if (!data.fatal) return;
      if (data.type === Hls.ErrorTypes.MEDIA_ERROR && this.#mended < 2) {
        this.#mended += 1;
        hls.recoverMediaError();
      } else {
        this.#broken();
      }
    });
    hls.loadSource(url);
    hls.attachMedia(this.element);
    if (playing) this.element.play().catch(ignoreInterrupted);
  }

  #detach() {
    this.#hls?.destroy();
    this.#hls = null;
  }

  #plan(refreshAfter, aheadMs) {
    clearTimeout(this.#timer);
    this.#due = refreshAfter ? Date.parse(refreshAfter) - aheadMs : Infinity;
    if (this.#due < Infinity) this.#wait(this.#due - Date.now());
  }

  #wait(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#renew, Math.min(Math.max(ms, 1000), 2 ** 31 - 1));
  }

  /** Timers sleep while the machine does. */
  #overdue = () => {
    if (document.visibilityState === 'visible' && Date.now() >= this.#due) this.#renew();
  };

  /** New addresses in place of those about to end, at the same second. */
  #renew = async () => {
    if (this.#closed) return;
    if (Date.now() < this.#due) return this.#wait(this.#due - Date.now());
    const { element } = this;
    try {
      await this.#load({ at: element.currentTime, playing: !element.paused && !element.ended });
      element.dataset.renewals = String(Number(element.dataset.renewals ?? 0) + 1);
    } catch {
      this.#wait(AGAIN_MS);
    }
  };

  /** Once with fresh addresses; once with hls.js in place of a browser that only believed it could; then in words. */
  #broken = async () => {
    if (this.#closed || !(this.element.error || this.#hls)) return;
    this.#mended += 1;
    if (this.#mended > 3) return this.onError(new PlayerError('The video does not play. Its stream may be damaged or gone.'));
    if (this.#mended === 2 && meta('hls-js')) this.#native = false;
    try {
      await this.#load({ at: this.element.currentTime, playing: true });
    } catch (error) {
      this.onError(error);
    }
  };
}

/** play() rejects when another load comes in between, and where the browser wants another click first. */
function ignoreInterrupted() {}
