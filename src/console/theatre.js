// A video that plays: its picture with a button, then the player, in the video's own ratio.

import { ApiError, SERVICE } from './api.js';
import { fill, h } from './dom.js';
import { icon } from './icons.js';
import { problemBox } from './words.js';

/** Fills `stage` with the video, and gives it the video's ratio. */
export class Theatre {
  #api;
  #stage;
  #video = null;
  #picture = null;
  /** Whether the picture was asked for already. */
  #asked = false;
  /** The `<yourbit-player>`, while it is there. */
  #player = null;
  #round = 0;
  /** The ratio that the player found in the stream; null before. */
  #streamRatio = null;
  /** A track of the service that is to be shown as soon as the stream has it; null: none. */
  #wanted = null;

  constructor(api, stage) {
    this.#api = api;
    this.#stage = stage;
  }

  /** The second that plays; null where nothing does. */
  get time() { return this.#player?.media?.currentTime ?? null; }

  /** Takes the video's size over. */
  learn(video) {
    this.#video = video;
    this.#shape();
  }

  /** The picture before the video plays; null: there is none. */
  picture(url) {
    this.#picture = url;
    this.#asked = true;
    this.#shape();
    const shown = this.#stage.querySelector('.poster img');
    if (shown && url) Object.assign(shown, { src: url, hidden: false });
    if (url) this.#player?.setAttribute('poster', url);
  }

  /** A button to press; the player comes when it is wanted. */
  offer(video) {
    this.learn(video);
    const name = video.title || 'the video';
    const picture = h('img', { alt: '', hidden: !this.#picture, src: this.#picture });
    // Why: a picture that does not load would show its broken frame.
    picture.addEventListener('error', () => { picture.hidden = true; });
    return h('button', { type: 'button', class: 'poster', onclick: () => this.#play() },
      picture, h('span', { class: 'play' }, icon('play'), h('span', { class: 'visually-hidden' }, `Play ${name}`)), h('span', { class: 'sound-note' }, 'Sound without a picture'));
  }

  /** Plays with a track of the video: its captions are shown, or its sound is heard. */
  async show(track) {
    this.#wanted = track;
    if (!this.#player) await this.#play();
    // Why anew: the stream was loaded before the track was there.
    else if (!this.#choose()) this.#player.load();
  }

  close() {
    this.#round += 1;
    // Why: an element that is taken away stops.
    this.#player?.remove();
    this.#player = null;
  }

  /** Without a ratio and without a picture a video counts as sound, until its stream says otherwise. */
  #shape() {
    const ratio = this.#streamRatio ?? ratioOf(this.#video);
    const { style, dataset } = this.#stage;
    if (ratio) style.setProperty('--ratio', String(ratio));
    else style.removeProperty('--ratio');
    dataset.sound = String(!ratio && this.#asked && !this.#picture);
  }

  async #play() {
    this.close();
    const round = this.#round;
    const box = h('div', { class: 'player', 'aria-busy': 'true' }, h('p', { class: 'loading', tabindex: '-1' }, 'Loading…'));
    fill(this.#stage, box);
    box.firstElementChild.focus({ preventScroll: true });
    try {
      await import(new URL('client/v1/player.js', SERVICE).href);
      if (round === this.#round) this.#show(box);
    } catch (error) {
      if (round === this.#round) this.#fail(box, error);
    }
  }

  #show(box) {
    const player = h('yourbit-player', { autoplay: true, poster: this.#picture, 'aria-label': this.#video.title || 'Video' });
    // Why without a worker: the page's policy forbids workers that are made of a text.
    Object.assign(player, { hls: { enableWorker: false }, playback: () => this.#playback() });
    player.addEventListener('player-load', () => this.#loaded(player), { once: true });
    player.addEventListener('player-error', ({ detail: { error } }) => {
      const refusal = [error, error.cause].find((one) => one instanceof ApiError);
      // The other reasons are told by the player itself.
      if (refusal && player === this.#player) this.#fail(box, refusal);
    });
    this.#player = player;
    fill(box, player);
    box.removeAttribute('aria-busy');
  }

  /** The stream tells the true shape; the focus goes to the control that was pressed. */
  #loaded(player) {
    const { media } = player;
    const shape = () => {
      if (media.videoWidth > 0) this.#streamRatio = media.videoWidth / media.videoHeight;
      this.#shape();
    };
    media.addEventListener('loadedmetadata', shape);
    shape();
    // Why so late: until then the browser and hls.js choose too, by the viewer's language.
    media.addEventListener('loadeddata', () => this.#choose());
    if (media.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) this.#choose();
    if ([document.body, null].includes(document.activeElement)) player.shadowRoot.querySelector('[part~="play"]')?.focus({ preventScroll: true });
  }

  /** Chooses the track that is wanted. Returns whether the stream has it. */
  #choose() {
    const { media, player } = this.#player ?? {};
    if (!this.#wanted || !player || !media) return false;
    const { kind, language, name } = this.#wanted;
    const isIt = (one) => one.language === language && (!name || one.label === name);
    if (kind === 'audio') {
      const at = player.audioTracks.findIndex(isIt);
      if (at < 0) return false;
      player.selectAudio(at);
    } else {
      const texts = [...media.textTracks].filter((one) => ['subtitles', 'captions'].includes(one.kind));
      const found = texts.find(isIt);
      if (!found) return false;
      for (const one of texts) one.mode = one === found ? 'showing' : 'disabled';
    }
    this.#wanted = null;
    return true;
  }

  #fail(box, error) {
    this.close();
    const retry = () => this.#play();
    fill(box, error instanceof ApiError ? problemBox(error, { retry })
      : h('div', { class: 'problem', role: 'alert' }, icon('warning'), h('div', {}, h('p', {}, 'The player of this service did not load. Check your connection; the service gives it out where http.client is true.')),
        h('button', { type: 'button', class: 'quiet', onclick: retry }, 'Try again')));
    box.removeAttribute('aria-busy');
    box.querySelector('button')?.focus({ preventScroll: true });
  }

  /** The answer of the service, with its times by this browser's clock. */
  async #playback() {
    const { playback, aheadMs } = await this.#api.playback(this.#video.id);
    if (!playback.refresh_after) return playback;
    return { ...playback, refresh_after: new Date(Date.parse(playback.refresh_after) - aheadMs).toISOString() };
  }
}

/** Width by height; null where nothing is known. */
export function ratioOf(video) {
  if (video?.width > 0 && video?.height > 0) return video.width / video.height;
  const [width, height] = (video?.aspect_ratio ?? '').split(':').map(Number);
  return width > 0 && height > 0 ? width / height : null;
}
