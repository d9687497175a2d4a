// Choose the frame that stands for the video, by scrubbing through its storyboard.

import { announce, fill, h } from './dom.js';
import { clock } from './format.js';
import { loadStoryboard } from './storyboard.js';
import { problemBox } from './words.js';

/** The slider rests so long before a thumbnail is asked for. */
const REST_MS = 250;
/** Frames in the strip above the slider. */
const STRIP = 10;

/** A `<details>` panel. `onSaved(video)` hears of a new choice; `playerTime()` is the second that plays now, or null. */
export function posterPanel(api, video, { onSaved, playerTime }) {
  const body = h('div', { class: 'panel-body' });
  const panel = h('details', { class: 'panel', id: 'poster-panel' }, h('summary', {}, h('h2', {}, 'Poster frame')), body);
  panel.addEventListener('toggle', () => {
    if (panel.open && !body.hasChildNodes()) open();
  });

  async function open() {
    fill(body, h('p', { class: 'hint' }, 'Getting the frames…'));
    const board = await storyboardOf(api, video).catch(() => null);
    const chooser = new Chooser(api, video, board, { onSaved, playerTime });
    fill(body, chooser.element);
  }
  return panel;
}

/** Null where the provider has none. */
async function storyboardOf(api, video) {
  const { playback } = await api.playback(video.id);
  return playback.urls.storyboard ? loadStoryboard(playback.urls.storyboard) : null;
}

class Chooser {
  #api;
  #video;
  #board;
  #options;
  #rest = 0;
  #problem = h('div');

  constructor(api, video, board, options) {
    this.#api = api;
    this.#video = video;
    this.#board = board;
    this.#options = options;
    this.#build();
    this.#show();
  }

  #build() {
    const last = Math.max(0, Math.ceil(this.#video.duration_seconds ?? 1) - 1);
    const start = Math.min(this.#video.thumbnail_time ?? Math.floor(last / 2), last);
    this.label = h('output', { class: 'time', for: 'poster-time' });
    this.slider = h('input', { type: 'range', id: 'poster-time', min: '0', max: String(last), step: '1', value: String(start), 'aria-label': 'Second of the poster frame', oninput: () => this.#show() });
    this.canvas = h('canvas', { class: 'frame', role: 'img', 'aria-label': 'The frame at this second', hidden: !this.#board });
    this.picture = h('img', { class: 'frame', alt: 'The frame at this second', hidden: true });
    this.strip = h('canvas', { class: 'strip', 'aria-hidden': 'true', hidden: !this.#board });
    this.#board?.drawStrip(this.strip, last + 1, STRIP);
    this.save = h('button', { type: 'button', class: 'primary', onclick: () => this.#keep(Number(this.slider.value)) }, 'Save as poster');
    this.reset = h('button', { type: 'button', class: 'quiet', onclick: () => this.#keep(null) }, 'Let the provider choose');
    const now = h('button', { type: 'button', class: 'quiet', onclick: () => this.#takeCurrent() }, 'Take the frame on screen');
    this.element = h('div', { class: 'chooser' }, this.canvas, this.picture,
      h('div', { class: 'scrub' }, this.strip, h('div', { class: 'scrub-line' }, this.slider, this.label)),
      h('div', { class: 'actions' }, this.save, now, this.reset), this.#problem);
  }

  #show() {
    const time = Number(this.slider.value);
    const said = `${clock(time)} of ${clock(this.#video.duration_seconds ?? 0)}`;
    this.label.textContent = said;
    this.slider.setAttribute('aria-valuetext', said);
    this.reset.hidden = this.#video.thumbnail_time === null;
    if (this.#board) return this.#board.draw(this.canvas, time);
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => this.#fetch(time), REST_MS);
  }

  /** Without a storyboard: the provider's thumbnail of that second. */
  async #fetch(time) {
    try {
      const { thumbnails } = await this.#api.thumbnails(this.#video.id, time);
      const url = thumbnails.medium ?? Object.values(thumbnails)[0];
      if (url) Object.assign(this.picture, { src: url, hidden: false });
    } catch (error) {
      fill(this.#problem, problemBox(error));
    }
  }

  #takeCurrent() {
    const time = this.#options.playerTime();
    if (time === null) return announce('The video does not play yet. Press play first.');
    this.slider.value = String(Math.floor(time));
    this.#show();
  }

  async #keep(time) {
    this.save.disabled = this.reset.disabled = true;
    fill(this.#problem);
    try {
      this.#video = await this.#api.change(this.#video.id, { thumbnail_time: time });
      this.save.textContent = 'Saved';
      setTimeout(() => { this.save.textContent = 'Save as poster'; }, 2000);
      announce(time === null ? 'The provider chooses the poster now.' : `The poster is the frame at ${clock(time)} now.`);
      this.reset.hidden = time === null;
      this.#options.onSaved(this.#video);
    } catch (error) {
      fill(this.#problem, problemBox(error));
    } finally {
      this.save.disabled = this.reset.disabled = false;
    }
  }
}
