// Plays one video in a media element, and keeps its addresses valid.

import { readAnswer, wordsOf } from './answer.js';
import { FileSource } from './file_source.js';
import { hasCompleteHls, hasMediaSource, hasNativeHls, loadHls } from './hls_library.js';
import { HlsSource } from './hls_source.js';
import { PlayerFailure } from './player_failure.js';
import { RenewalTimer, renewalDelay } from './renewal.js';
import { frameAt, loadFrames } from './storyboard.js';
import { addTracks, captionChoice, chooseCaptions, dropDoubles, removeTracks } from './text_tracks.js';

/** Failures without a minute of quiet in between, after which the player gives up. */
const MOST_FAILURES = 4;
const QUIET_MS = 60_000;
/** The wait before the second try, doubled for each further one. */
const RETRY_MS = 1000;

/** A player of one video. Fires `load`, `renewal` and `error` (with `error.reason`). */
export class MediaPlayer extends EventTarget {
  #options;
  #source = null;
  #timer = new RenewalTimer(() => this.#renew());
  #epoch = 0;
  #failures = 0;
  #failed = 0;
  #frames = null;
  #ownPoster = null;
  #closed = false;
  #trackCame = () => dropDoubles(this.element, this.playback?.tracks);

  constructor(element, options) {
    super();
    this.#options = options;
    /** The last answer that is in use. */
    this.playback = null;
    this.error = null;
    this.element = element;
    element.textTracks.addEventListener('addtrack', this.#trackCame);
    this.load();
  }

  /** How it plays: hls.js, native or file; empty before. */
  get way() { return this.#source?.way ?? ''; }
  /** `{ label, language, selected }` of each audio track; empty where there is no choice. */
  get audioTracks() { return this.#source?.audioTracks ?? []; }
  selectAudio(at) { this.#source?.selectAudio(at); }

  /** Asks for a playback and begins it: the same video goes on at its place, another one begins. Never rejects. */
  async load() {
    this.#failures = 0;
    await this.#begin('load', () => !this.element.paused || this.#takeAutoplay());
  }

  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer.close();
    this.element.textTracks.removeEventListener('addtrack', this.#trackCame);
    this.#detach();
    removeTracks(this.element);
    if (this.#ownPoster !== null && this.element.poster === this.#ownPoster) this.element.removeAttribute('poster');
    this.element.removeAttribute('src');
    this.element.load();
  }

  /** The frame of the storyboard at this second, `{ url, x, y, width, height }`; null while there is none. */
  previewAt(seconds) {
    const address = this.playback?.urls.storyboard;
    if (!address) return null;
    if (this.#frames?.address !== address) {
      const frames = { address, list: this.#frames?.list ?? [] };
      this.#frames = frames;
      loadFrames(address).then((list) => { frames.list = list; });
    }
    return frameAt(this.#frames.list, seconds);
  }

  async #begin(reason, isPlaying) {
    const epoch = ++this.#epoch;
    const isOld = () => this.#closed || epoch !== this.#epoch;
    try {
      const { playback, now } = await this.#ask(reason);
      if (isOld()) return;
      const at = this.playback?.playback_id === playback.playback_id ? this.element.currentTime : 0;
      const source = await this.#make(playback.urls);
      if (isOld()) return;
      const plays = isPlaying();
      this.#use(playback);
      this.#start(source, at, plays);
      this.#timer.plan(renewalDelay(playback, now));
      this.#tell(reason === 'load' ? 'load' : 'renewal');
    } catch (error) {
      if (!isOld()) this.#fail(error);
    }
  }

  /** Asks the application for a playback. */
  async #ask(reason) {
    let answer;
    try {
      answer = await readAnswer(await this.#options.playback({ reason }));
    } catch (cause) {
      throw cause instanceof TypeError
        ? new PlayerFailure('network', { detail: cause.message, cause })
        : new PlayerFailure('refused', { detail: cause?.message, status: cause?.status, problem: cause?.problem ?? null, cause });
    }
    if (!answer.ok) throw new PlayerFailure('refused', { status: answer.status, detail: wordsOf(answer), problem: answer.body });
    if (!answer.body?.urls) throw new PlayerFailure('no_source', { detail: 'playback() gave no urls: it must give what GET /v1/videos/{id}/playback answers.' });
    return { playback: answer.body, now: Date.parse(answer.headers?.get('Date') ?? '') || Date.now() };
  }

  /** Resolves with a function that begins to play, by the best way that this browser has. */
  async #make({ hls, mp4 }) {
    const { element } = this;
    const file = (url, way) => (more) => new FileSource(element, url, { way, ...more });
    if (hls && hasCompleteHls(element)) return file(hls, 'native');
    let missing = null;
    if (hls && hasMediaSource()) {
      try {
        const Hls = await loadHls();
        if (Hls.isSupported()) return (more) => new HlsSource(Hls, element, hls, { settings: this.#options.hls, ...more });
      } catch (error) {
        missing = error;
      }
    }
    if (hls && hasNativeHls(element)) return file(hls, 'native');
    if (mp4) return file(mp4, 'file');
    if (missing) throw missing;
    if (hls) throw new PlayerFailure('unsupported', { detail: 'This browser cannot play HLS.' });
    throw new PlayerFailure('no_source', { detail: 'The provider gives no address that this player can play.' });
  }

  #start(make, at, isPlaying) {
    const { element } = this;
    const had = this.#source !== null;
    const captions = captionChoice(element);
    const audio = this.#source?.audioChoice ?? null;
    this.#detach();
    this.#source = make({ at, choice: { audio }, onBroken: (what) => this.#broken(what) });
    element.dataset.way = this.#source.way;
    if (had) element.addEventListener('loadeddata', () => chooseCaptions(element, captions), { once: true });
    // Why ignored: play() rejects where another load comes in between, and where the browser wants a click first.
    if (isPlaying) element.play().catch(() => {});
  }

  #detach() {
    this.#source?.close();
    this.#source = null;
  }

  /** Takes over everything of an answer but the stream. */
  #use(playback) {
    const { element } = this;
    if (this.playback && this.playback.playback_id !== playback.playback_id) removeTracks(element);
    this.playback = playback;
    this.error = null;
    const poster = playback.thumbnails?.large ?? '';
    if ('poster' in element && (!element.poster || element.poster === this.#ownPoster) && element.poster !== poster) {
      element.poster = poster;
      this.#ownPoster = element.poster;
    }
    addTracks(element, playback.tracks);
  }

  /** New addresses in place of those about to end. */
  async #renew() {
    const { element } = this;
    if (element.paused && document.visibilityState !== 'visible') return this.#timer.hold();
    const epoch = this.#epoch;
    try {
      const { playback, now } = await this.#ask('renewal');
      if (this.#closed || epoch !== this.#epoch) return undefined;
      // Another stream has taken the place of this one. Why not now: the viewer is in the middle of the old one.
      if (playback.playback_id !== this.playback.playback_id) return undefined;
      this.#use(playback);
      this.#source.renew(this.#source.way === 'file' ? playback.urls.mp4 : playback.urls.hls);
      this.#timer.plan(renewalDelay(playback, now));
      this.#tell('renewal');
    } catch {
      if (!this.#closed && epoch === this.#epoch) this.#timer.again();
    }
    return undefined;
  }

  /** Begins anew with fresh addresses, a few times. */
  async #broken(what) {
    if (this.#closed) return;
    if (Date.now() - this.#failed > QUIET_MS) this.#failures = 0;
    this.#failed = Date.now();
    this.#failures += 1;
    const isPlaying = !this.element.paused || this.#takeAutoplay();
    if (this.#failures > MOST_FAILURES) {
      const detail = what.reason === 'network' ? 'The connection to the stream is lost.' : 'The stream is damaged or gone.';
      return this.#fail(new PlayerFailure(what.reason, { detail, status: what.status }));
    }
    const epoch = this.#epoch;
    if (this.#failures > 1) await waitOrOnline(RETRY_MS * 2 ** (this.#failures - 2));
    if (!this.#closed && epoch === this.#epoch) await this.#begin('error', () => isPlaying);
  }

  #takeAutoplay() {
    const { autoplay } = this.#options;
    return Boolean(autoplay) && !this.playback;
  }

  #fail(error) {
    const failure = error instanceof PlayerFailure ? error : new PlayerFailure('media', { detail: String(error), cause: error });
    // Asking for a playback failed: a network that comes back is worth another try.
    if (failure.reason === 'network' && this.#failures > 0 && this.#failures <= MOST_FAILURES) return this.#broken({ reason: 'network', status: 0 });
    this.error = failure;
    this.#tell('error', failure);
    this.#options.onError?.(failure);
    return undefined;
  }

  #tell(type, error) {
    this.dispatchEvent(Object.assign(new Event(type), { error }));
  }
}

/** Ends early where the network comes back. */
function waitOrOnline(ms) {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      removeEventListener('online', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    addEventListener('online', finish);
  });
}
