// What <yourbit-player> shows: the picture, the controls, errors in words.

import { BASE_CSS, fill, h, iconButton, setIcon } from './element.js';
import { setStyle } from './element_base.js';
import { PLAYER_CSS } from './player_css.js';
import { PLAYER_LABELS } from './player_labels.js';
import { PlayerMenus } from './player_menus.js';
import { SeekBar } from './player_seek.js';

/** Controls hide after this time without a movement while the video plays. */
const IDLE_MS = 3000;
/** Arrow keys. */
const STEP_S = 5;
const STEP_VOLUME = 0.1;
/** Attributes of the element that are the video's. */
const PASSED = ['loop', 'muted', 'preload', 'poster'];

/** The view of one element. */
export class PlayerView {
  #host;
  #labels = PLAYER_LABELS;
  #media = h('video', { playsinline: true, tabindex: -1, part: 'video', onclick: () => this.toggle() });
  #seek = new SeekBar(this.#media, (seconds) => this.#host.player?.previewAt(seconds) ?? null, PLAYER_LABELS);
  #menus = new PlayerMenus(this.#media, () => this.#host?.player, PLAYER_LABELS);
  #play = iconButton('play', 'play', PLAYER_LABELS.play, () => this.toggle());
  #begin = iconButton('start', 'play', PLAYER_LABELS.play, () => this.toggle());
  #mute = iconButton('mute', 'loud', PLAYER_LABELS.mute, () => { this.#media.muted = !this.#media.muted; });
  #volume = h('input', { type: 'range', class: 'volume', part: 'volume', min: 0, max: 1, step: 0.05, oninput: () => this.#setVolume(this.#volume.valueAsNumber) });
  #full = iconButton('fullscreen', 'full', PLAYER_LABELS.fullscreen, () => this.#toggleFullscreen());
  #words = h('p', { role: 'alert', dir: 'auto' });
  #again = h('button', { type: 'button', part: 'button again', onclick: () => this.#host.load() });
  #error = h('div', { class: 'error', part: 'error', hidden: true }, this.#words, this.#again);
  #bar;
  #idle = 0;

  constructor(host, root) {
    this.#host = host;
    this.#begin.classList.add('begin');
    // Why ltr: positions in time run from left to right in players of every language.
    this.#bar = h('div', { class: 'bar', part: 'controls', dir: 'ltr' },
      this.#play, ...this.#seek.elements, this.#mute, this.#volume, ...this.#menus.elements, this.#full);
    setStyle(root, BASE_CSS + PLAYER_CSS);
    root.replaceChildren(this.#media, this.#begin, this.#bar, this.#error);
    for (const name of ['play', 'pause', 'ended', 'volumechange', 'waiting', 'playing', 'seeked', 'canplay', 'loadedmetadata', 'emptied']) {
      this.#media.addEventListener(name, () => this.#draw());
    }
    for (const name of ['pointermove', 'pointerdown', 'focusin', 'keydown']) host.addEventListener(name, () => this.#wake());
    host.addEventListener('fullscreenchange', () => this.#draw());
    host.addEventListener('keydown', (event) => this.#key(event));
    this.translate(host.labels);
    for (const name of PASSED) this.pass(name);
  }

  /** The media element. */
  get media() { return this.#media; }

  /** Hands an attribute of the element to the video. */
  pass(name) {
    const value = this.#host.getAttribute(name);
    if (name === 'muted') this.#media.muted = value !== null;
    else if (value === null) this.#media.removeAttribute(name);
    else this.#media.setAttribute(name, value);
  }

  translate(labels) {
    const host = this.#host;
    const old = this.#labels.player;
    this.#labels = { ...PLAYER_LABELS, ...labels };
    if ([null, old].includes(host.getAttribute('aria-label'))) host.setAttribute('aria-label', this.#labels.player);
    this.#volume.setAttribute('aria-label', this.#labels.volume);
    this.#again.textContent = this.#labels.again;
    this.#seek.translate(this.#labels);
    this.#menus.translate(this.#labels);
    this.#draw();
  }

  /** Shows an error in words; null takes it away. */
  tell(error) {
    if (error) {
      const label = this.#labels[error.reason] ?? error.message;
      this.#words.textContent = fill(label, { detail: error.problem?.detail ?? '' }).trim();
    }
    this.#error.hidden = !error;
    this.#menus.draw();
    this.#draw();
  }

  toggle() {
    if (this.#media.paused) this.#media.play().catch(() => {});
    else this.#media.pause();
  }

  #draw() {
    const { paused, muted, volume, readyState, videoWidth, videoHeight, played, currentTime } = this.#media;
    const words = this.#labels;
    const hasFailed = !this.#error.hidden;
    setIcon(this.#play, paused ? 'play' : 'pause', paused ? words.play : words.pause);
    setIcon(this.#begin, 'play', words.play);
    setIcon(this.#mute, muted || volume === 0 ? 'muted' : 'loud', muted ? words.unmute : words.mute);
    setIcon(this.#full, 'full', document.fullscreenElement === this.#host ? words.leave_fullscreen : words.fullscreen);
    this.#volume.value = muted ? 0 : volume;
    if (videoWidth > 0) this.#media.style.aspectRatio = `${videoWidth} / ${videoHeight}`;
    const isAudio = readyState >= 1 ? videoWidth === 0 : this.#host.dataset.kind === 'audio';
    if (this.#host.isConnected) this.#host.dataset.kind = isAudio ? 'audio' : 'video';
    this.#full.hidden = isAudio;
    this.#bar.hidden = hasFailed;
    const isBegun = isAudio || hasFailed || !paused || played.length > 0 || currentTime > 0;
    // Why: the focus would be lost with the button.
    if (isBegun && this.#host.shadowRoot.activeElement === this.#begin) this.#play.focus();
    this.#begin.hidden = isBegun;
    this.#host.toggleAttribute('data-busy', !paused && readyState < 3 && !hasFailed);
    this.#wake();
  }

  /** Shows the controls, and hides them later while the video plays. */
  #wake() {
    clearTimeout(this.#idle);
    this.#host.removeAttribute('data-idle');
    this.#idle = setTimeout(() => {
      if (!this.#media.paused && this.#host.dataset.kind !== 'audio') this.#host.setAttribute('data-idle', '');
    }, IDLE_MS);
  }

  #setVolume(volume) {
    this.#media.volume = Math.min(Math.max(volume, 0), 1);
    this.#media.muted = volume <= 0;
  }

  #toggleFullscreen() {
    if (document.fullscreenElement === this.#host) document.exitFullscreen();
    else if (this.#host.requestFullscreen) this.#host.requestFullscreen().catch(() => {});
    // An iPhone shows only the video itself.
    else this.#media.webkitEnterFullscreen?.();
  }

  #key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
    const target = event.composedPath()[0];
    const media = this.#media;
    const isButton = target.localName === 'button';
    const isVolume = target === this.#volume;
    if (target.localName === 'select') return;
    const seek = (to) => { if (media.duration) media.currentTime = Math.min(Math.max(to, 0), media.duration); };
    const calls = {
      ' ': !isButton && (() => this.toggle()),
      k: () => this.toggle(),
      m: () => { media.muted = !media.muted; },
      f: () => this.#toggleFullscreen(),
      c: () => this.#menus.toggleCaptions(),
      ArrowLeft: !isVolume && (() => seek(media.currentTime - STEP_S)),
      ArrowRight: !isVolume && (() => seek(media.currentTime + STEP_S)),
      ArrowUp: () => this.#setVolume(media.volume + STEP_VOLUME),
      ArrowDown: () => this.#setVolume(media.volume - STEP_VOLUME),
      Home: !isVolume && (() => seek(0)),
      End: !isVolume && (() => seek(media.duration)),
    };
    const call = Object.hasOwn(calls, event.key) && calls[event.key];
    if (!call) return;
    event.preventDefault();
    call();
  }
}
