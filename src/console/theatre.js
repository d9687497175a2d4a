// A video that plays: its picture with a button, then the player, in the video's own ratio.

import { ApiError, SERVICE } from './api.js';
import { fill, h } from './dom.js';
import { icon } from './icons.js';
import { problemBox } from './words.js';

/** By the player's reason: what stands in the way, and what one can do. */
const REASONS = {
  network: 'The connection broke while the video was loaded. Check it, then try again.',
  unsupported: 'This browser plays neither HLS nor the files of this video. Try a current Firefox, Chrome, Edge or Safari.',
  library: 'hls.js, which this browser needs to play HLS, could not be loaded from the service. Reload the page.',
  no_source: 'The provider gives no address that this page can play. Try the embed snippet.',
  media: 'The video does not play. Its stream may be damaged or gone.',
};

/** Fills `stage` with the video, and gives it the video's ratio. */
export class Theatre {
  #api;
  #stage;
  #video = null;
  #picture = null;
  /** Whether the picture was asked for already. */
  #asked = false;
  #player = null;
  #element = null;
  #round = 0;

  constructor(api, stage) {
    this.#api = api;
    this.#stage = stage;
  }

  /** The second that plays; null where nothing does. */
  get time() { return this.#element?.currentTime ?? null; }

  /** Takes the video's size over. */
  learn(video) {
    this.#video = video;
    this.#shape(ratioOf(video));
  }

  /** The picture before the video plays; null: there is none. */
  picture(url) {
    this.#picture = url;
    this.#asked = true;
    this.#shape(ratioOf(this.#video));
    const shown = this.#stage.querySelector('.poster img');
    if (shown && url) Object.assign(shown, { src: url, hidden: false });
    if (url) this.#element?.setAttribute('poster', url);
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

  close() {
    this.#round += 1;
    this.#player?.close();
    this.#player = this.#element = null;
  }

  /** Without a ratio and without a picture a video counts as sound, until its stream says otherwise. */
  #shape(ratio) {
    const { style, dataset } = this.#stage;
    if (ratio) style.setProperty('--ratio', String(ratio));
    else style.removeProperty('--ratio');
    dataset.sound = String(!ratio && this.#asked && !this.#picture);
  }

  async #play() {
    this.close();
    const round = this.#round;
    const video = this.#video;
    const element = h('video', { controls: true, playsinline: true, tabindex: '0', poster: this.#picture, 'aria-label': video.title || 'Video' });
    const box = h('div', { class: 'player' }, element);
    element.addEventListener('loadedmetadata', () => {
      if (element.videoWidth > 0) this.#shape(element.videoWidth / element.videoHeight);
    });
    fill(this.#stage, box);
    this.#element = element;
    const onError = (error) => {
      if (round !== this.#round) return;
      this.close();
      fill(box, this.#trouble(error));
      box.querySelector('button')?.focus({ preventScroll: true });
    };
    element.focus({ preventScroll: true });
    try {
      const { play } = await import(new URL('client/v1/player.js', SERVICE).href);
      if (round !== this.#round) return;
      this.#player = play(element, { playback: () => this.#playback(), autoplay: true, onError, hls: { enableWorker: false } });
    } catch (error) {
      onError(error);
    }
  }

  /** The answer of the service, with its times by this browser's clock. */
  async #playback() {
    const { playback, aheadMs } = await this.#api.playback(this.#video.id);
    if (!playback.refresh_after) return playback;
    return { ...playback, refresh_after: new Date(Date.parse(playback.refresh_after) - aheadMs).toISOString() };
  }

  #trouble(error) {
    const retry = () => this.#play();
    const refusal = [error, error.cause].find((one) => one instanceof ApiError);
    if (refusal) return problemBox(refusal, { retry });
    const words = REASONS[error.reason] ?? (error.reason ? error.message : 'The player could not be loaded. Check your connection, then try again.');
    return h('div', { class: 'problem', role: 'alert' }, icon('warning'), h('div', {}, h('p', {}, words)),
      h('button', { type: 'button', class: 'quiet', onclick: retry }, 'Try again'));
  }
}

/** Width by height; null where nothing is known. */
export function ratioOf(video) {
  if (video?.width > 0 && video?.height > 0) return video.width / video.height;
  const [width, height] = (video?.aspect_ratio ?? '').split(':').map(Number);
  return width > 0 && height > 0 ? width / height : null;
}
