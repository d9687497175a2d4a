// A stream in an element, by hls.js.

import { HlsAddresses } from './hls_addresses.js';

/** Repairs of a decoder without a minute of quiet in between, after which the stream counts as damaged. */
const MOST_REPAIRS = 2;
const QUIET_MS = 60_000;

/** Plays `url` in `element` with the hls.js constructor `Hls`. `onBroken({ reason, status })` hears what hls.js cannot mend. */
export class HlsSource {
  way = 'hls.js';
  #hls;
  #element;
  #addresses;
  #repairs = 0;
  #repaired = 0;
  #begin;

  constructor(Hls, element, url, { at, settings, choice, onBroken }) {
    this.#element = element;
    this.#addresses = new HlsAddresses(url);
    const lazy = element.preload === 'none' && element.paused;
    const hls = new Hls({
      // Why: a policy without blob: in worker-src would forbid the worker.
      enableWorker: false,
      startPosition: at > 0 ? at : -1,
      autoStartLoad: !lazy,
      ...(choice.audio && { audioPreference: choice.audio }),
      ...settings,
      loader: this.#addresses.loader(settings?.loader ?? Hls.DefaultConfig.loader),
    });
    this.#hls = hls;
    hls.on(Hls.Events.ERROR, (_, data) => {
      if (data.fatal) this.#mend(data, Hls, onBroken);
    });
    this.#begin = () => hls.startLoad(at > 0 ? at : -1);
    if (lazy) element.addEventListener('play', this.#begin, { once: true });
    hls.loadSource(url);
    hls.attachMedia(element);
  }

  renew(url) {
    if (url) this.#addresses.renew(url);
  }

  /** The audio tracks: `{ label, language, selected }`. */
  get audioTracks() {
    const hls = this.#hls;
    return hls.audioTracks.map(({ name, lang }, at) => ({ label: name || lang || '', language: lang ?? '', selected: at === hls.audioTrack }));
  }

  selectAudio(at) {
    this.#hls.audioTrack = at;
  }

  /** What to hand to the next source as `choice.audio`. */
  get audioChoice() {
    const { lang, name } = this.#hls.audioTracks[this.#hls.audioTrack] ?? {};
    return lang || name ? { lang, name } : null;
  }

  close() {
    this.#element.removeEventListener('play', this.#begin);
    this.#hls.destroy();
  }

  #mend(data, Hls, onBroken) {
    const now = Date.now();
    if (now - this.#repaired > QUIET_MS) this.#repairs = 0;
    if (data.type === Hls.ErrorTypes.MEDIA_ERROR && this.#repairs < MOST_REPAIRS) {
      this.#repairs += 1;
      this.#repaired = now;
      this.#hls.recoverMediaError();
      return;
    }
    const status = data.response?.code ?? 0;
    onBroken({ reason: data.type === Hls.ErrorTypes.NETWORK_ERROR && status === 0 ? 'network' : 'media', status });
  }
}
