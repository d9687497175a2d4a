// An address that the browser plays by itself: HLS where it has a complete one, or a file.

/** Plays `url` in `element`. `way`: native or file. */
export class FileSource {
  #element;
  #pending = null;
  #events = new AbortController();

  constructor(element, url, { way, at, choice, onBroken }) {
    this.way = way;
    this.#element = element;
    const listen = (name, call) => element.addEventListener(name, call, { signal: this.#events.signal });
    listen('error', () => (this.#pending ? this.#swap() : onBroken({ reason: element.error?.code === 2 ? 'network' : 'media', status: 0 })));
    for (const name of ['play', 'seeking', 'waiting']) listen(name, () => this.#pending && this.#swap());
    this.#set(url, at, choice.audio);
  }

  /** Swaps at once only where the old address is still needed: there is a gap while the browser loads the new one. */
  renew(url) {
    if (!url || url === this.#element.src) return;
    this.#pending = url;
    if (!this.#element.paused && !this.#isBuffered()) this.#swap();
  }

  get audioTracks() {
    return this.#tracks().map(({ label, language, enabled }) => ({ label: label || language, language, selected: enabled }));
  }

  selectAudio(at) {
    this.#tracks().forEach((track, index) => { track.enabled = index === at; });
  }

  get audioChoice() {
    const { language, label } = this.#tracks().find((track) => track.enabled) ?? {};
    return language || label ? { lang: language, name: label } : null;
  }

  close() {
    this.#events.abort();
  }

  #tracks() {
    return [...(this.#element.audioTracks ?? [])];
  }

  #swap() {
    const { currentTime, paused, ended } = this.#element;
    const audio = this.audioChoice;
    const url = this.#pending;
    this.#pending = null;
    this.#set(url, currentTime, audio);
    if (!paused && !ended) this.#element.play().catch(() => {});
  }

  #set(url, at, audio) {
    const element = this.#element;
    const { playbackRate } = element;
    element.src = url;
    element.addEventListener('loadedmetadata', () => {
      if (at > 0) element.currentTime = at;
      element.playbackRate = playbackRate;
      const index = audio ? this.#tracks().findIndex((one) => one.language === audio.lang && one.label === audio.name) : -1;
      if (index >= 0) this.selectAudio(index);
    }, { once: true, signal: this.#events.signal });
  }

  #isBuffered() {
    const { buffered, currentTime, duration } = this.#element;
    for (let at = 0; at < buffered.length; at += 1) {
      if (buffered.start(at) <= currentTime && buffered.end(at) >= duration - 0.1) return true;
    }
    return false;
  }
}
