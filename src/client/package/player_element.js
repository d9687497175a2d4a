// <yourbit-player>: one video with controls of its own.

import { ElementBase, define, fill, h, iconButton, setIcon, shadow, upgrade } from './element.js';
import { MediaPlayer } from './media_player.js';
import { PLAYER_CSS } from './player_css.js';
import { PLAYER_LABELS } from './player_labels.js';
import { PlayerMenus } from './player_menus.js';
import { SeekBar } from './player_seek.js';

/** Controls hide after this time without a movement while the video plays. */
const IDLE_MS = 3000;
/** Arrow keys. */
const STEP_S = 5;
const STEP_VOLUME = 0.1;
const PASSED = ['loop', 'muted', 'playsinline', 'preload', 'poster'];

/**
 * The element. Properties: `playback`, `labels`, `hls`, `player`, `media`. Attributes: autoplay, loop, muted, preload,
 * poster. Fires `player-load`, `player-renewal` and `player-error`.
 */
export class PlayerElement extends ElementBase {
  static observedAttributes = PASSED;
  #playback = null;
  #hls;
  #labels = PLAYER_LABELS;
  #player = null;
  #media = h('video', { playsinline: true, part: 'video', onclick: () => this.toggle() });
  #seek = new SeekBar(this.#media, (seconds) => this.#player?.previewAt(seconds) ?? null, PLAYER_LABELS);
  #menus = new PlayerMenus(this.#media, () => this.#player, PLAYER_LABELS);
  #play = iconButton('play', 'play', PLAYER_LABELS.play, () => this.toggle());
  #begin = iconButton('start', 'play', PLAYER_LABELS.play, () => this.toggle());
  #mute = iconButton('mute', 'loud', PLAYER_LABELS.mute, () => { this.#media.muted = !this.#media.muted; });
  #volume = h('input', { type: 'range', class: 'volume', part: 'volume', min: 0, max: 1, step: 0.05, oninput: () => this.#setVolume(this.#volume.valueAsNumber) });
  #full = iconButton('fullscreen', 'full', PLAYER_LABELS.fullscreen, () => this.#toggleFullscreen());
  #words = h('p', { role: 'alert' });
  #again = h('button', { type: 'button', part: 'button again', onclick: () => this.load() });
  #error = h('div', { class: 'error', part: 'error', hidden: true }, this.#words, this.#again);
  #idle = 0;

  constructor() {
    super();
    this.#begin.classList.add('begin');
    // Why ltr: positions in time run from left to right in players of every language.
    const bar = h('div', { class: 'bar', part: 'controls', dir: 'ltr' },
      this.#play, ...this.#seek.elements, this.#mute, this.#volume, ...this.#menus.elements, this.#full);
    shadow(this, PLAYER_CSS).append(this.#media, this.#begin, bar, this.#error);
    for (const name of ['play', 'pause', 'ended', 'volumechange', 'waiting', 'playing', 'seeked', 'canplay', 'loadedmetadata', 'emptied']) {
      this.#media.addEventListener(name, () => this.#draw());
    }
    for (const name of ['pointermove', 'pointerdown', 'focusin', 'keydown']) this.addEventListener(name, () => this.#wake());
    this.addEventListener('fullscreenchange', () => this.#draw());
    this.addEventListener('keydown', (event) => this.#key(event));
    this.labels = {};
  }

  connectedCallback() {
    upgrade(this, 'playback', 'labels', 'hls');
    if (!this.hasAttribute('role')) this.setAttribute('role', 'region');
    if (!this.hasAttribute('aria-label')) this.setAttribute('aria-label', this.#labels.player);
    for (const name of PASSED) this.attributeChangedCallback(name);
    if (!this.#player) this.load();
  }

  /** Why later: an element that is only moved goes on. */
  disconnectedCallback() {
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.#player?.close();
      this.#player = null;
    });
  }

  attributeChangedCallback(name) {
    const value = this.getAttribute(name);
    if (name === 'muted') this.#media.muted = value !== null;
    else if (value === null) this.#media.removeAttribute(name);
    else this.#media.setAttribute(name, value);
    if (name === 'playsinline') this.#media.playsInline = true;
  }

  get playback() { return this.#playback; }
  /** Another function is another video. */
  set playback(playback) {
    if (playback === this.#playback) return;
    this.#playback = playback;
    this.#player?.close();
    this.#player = null;
    if (this.isConnected) this.load();
  }

  get hls() { return this.#hls; }
  set hls(settings) { this.#hls = settings; }
  /** The Player, null while there is none. */
  get player() { return this.#player; }
  /** The media element. */
  get media() { return this.#media; }

  get labels() { return this.#labels; }
  set labels(labels) {
    const old = this.#labels.player;
    this.#labels = { ...PLAYER_LABELS, ...labels };
    if (this.getAttribute('aria-label') === old) this.setAttribute('aria-label', this.#labels.player);
    this.#volume.setAttribute('aria-label', this.#labels.volume);
    this.#again.textContent = this.#labels.again;
    this.#seek.translate(this.#labels);
    this.#menus.translate(this.#labels);
    this.#draw();
  }

  /** Asks for a playback, anew where there is one already. */
  load() {
    this.#error.hidden = true;
    if (this.#player || !this.#playback) return this.#player?.load();
    this.#player = new MediaPlayer(this.#media, { playback: this.#playback, hls: this.#hls, autoplay: this.hasAttribute('autoplay') });
    for (const type of ['load', 'renewal', 'error']) this.#player.addEventListener(type, (event) => this.#heard(type, event.error));
    return undefined;
  }

  toggle() {
    if (this.#media.paused) this.#media.play().catch(() => {});
    else this.#media.pause();
  }

  #heard(type, error) {
    if (error) {
      const label = this.#labels[error.reason] ?? error.message;
      this.#words.textContent = fill(label, { detail: error.problem?.detail ?? '' }).trim();
    }
    this.#error.hidden = !error;
    this.#draw();
    this.dispatchEvent(new CustomEvent(`player-${type}`, { bubbles: true, composed: true, detail: { player: this.#player, error } }));
  }

  #draw() {
    const { paused, muted, volume, readyState, videoWidth, videoHeight, played, currentTime } = this.#media;
    const words = this.#labels;
    const hasFailed = !this.#error.hidden;
    setIcon(this.#play, paused ? 'play' : 'pause', paused ? words.play : words.pause);
    setIcon(this.#begin, 'play', words.play);
    setIcon(this.#mute, muted || volume === 0 ? 'muted' : 'loud', muted ? words.unmute : words.mute);
    setIcon(this.#full, 'full', document.fullscreenElement === this ? words.leave_fullscreen : words.fullscreen);
    this.#volume.value = muted ? 0 : volume;
    if (videoWidth > 0) this.#media.style.aspectRatio = `${videoWidth} / ${videoHeight}`;
    const isAudio = readyState >= 1 ? videoWidth === 0 : this.dataset.kind === 'audio';
    if (this.isConnected) this.dataset.kind = isAudio ? 'audio' : 'video';
    this.#full.hidden = isAudio;
    this.#begin.hidden = isAudio || hasFailed || !paused || played.length > 0 || currentTime > 0;
    this.toggleAttribute('data-busy', !paused && readyState < 3 && !hasFailed);
    this.#wake();
  }

  /** Shows the controls, and hides them later while the video plays. */
  #wake() {
    clearTimeout(this.#idle);
    this.removeAttribute('data-idle');
    this.#idle = setTimeout(() => {
      if (!this.#media.paused && this.dataset.kind !== 'audio') this.setAttribute('data-idle', '');
    }, IDLE_MS);
  }

  #setVolume(volume) {
    this.#media.volume = Math.min(Math.max(volume, 0), 1);
    this.#media.muted = volume <= 0;
  }

  #toggleFullscreen() {
    if (document.fullscreenElement === this) document.exitFullscreen();
    else if (this.requestFullscreen) this.requestFullscreen().catch(() => {});
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

export function definePlayerElement() {
  define('yourbit-player', PlayerElement);
}
