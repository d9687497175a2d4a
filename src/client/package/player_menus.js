// The menus of <yourbit-player>: captions, and audio where there is more than one.

import { h, icon } from './element.js';
import { captionTracks, showCaptions } from './text_tracks.js';

/** Height of the controls, in pixels, and of a line of captions, as a part of the picture's height. */
const BAR_PX = 48;
const LINE = 0.0533;

/** Two native menus, each over an icon: they work by keyboard, by touch and for screen readers in every browser. */
export class PlayerMenus {
  #element;
  #player = () => null;
  #captions = h('select', { part: 'menu captions', onchange: () => this.#chooseCaptions() });
  #audio = h('select', { part: 'menu audio', onchange: () => this.#player()?.selectAudio(Number(this.#audio.value)) });
  #labels;
  #last = null;

  /** `player` gives the player of the moment. */
  constructor(element, player, labels) {
    this.#element = element;
    this.#player = player;
    this.#labels = labels;
    this.elements = [this.#captions, this.#audio].map((menu, at) => h('span', { class: 'menu' }, icon(at === 0 ? 'captions' : 'audio'), menu));
    element.textTracks.addEventListener('addtrack', ({ track }) => track.addEventListener('cuechange', () => this.#lift(track)));
    for (const name of ['addtrack', 'removetrack', 'change']) element.textTracks.addEventListener(name, () => this.draw());
    element.addEventListener('loadeddata', () => this.draw());
  }

  translate(labels) {
    this.#labels = labels;
    this.draw();
  }

  draw() {
    const tracks = captionTracks(this.#element);
    const shown = tracks.findIndex((track) => track.mode === 'showing');
    this.#fill(this.#captions, this.#labels.captions, [[-1, this.#labels.off], ...tracks.map((track, at) => [at, nameOf(track)])], shown);
    this.#captions.parentElement.hidden = tracks.length === 0;
    this.#captions.parentElement.classList.toggle('on', shown >= 0);
    const audio = this.#player()?.audioTracks ?? [];
    this.#fill(this.#audio, this.#labels.audio, audio.map((track, at) => [at, nameOf(track)]), audio.findIndex((one) => one.selected));
    this.#audio.parentElement.hidden = audio.length < 2;
  }

  /** Captions on, the last ones that were; or off. */
  toggleCaptions() {
    const tracks = captionTracks(this.#element);
    const shown = tracks.find((track) => track.mode === 'showing') ?? null;
    if (shown) this.#last = shown;
    showCaptions(this.#element, shown ? null : tracks.find((track) => track === this.#last) ?? tracks[0] ?? null);
  }

  /** Puts captions above the controls, unless their author has placed them. */
  #lift(track) {
    const lines = Math.ceil(BAR_PX / (this.#element.clientHeight * LINE || BAR_PX)) + 1;
    const active = [...track.activeCues ?? []];
    for (const cue of [...track.cues ?? []].filter((one) => one.line === 'auto')) {
      cue.line = -lines;
      if (!active.includes(cue)) continue;
      // Why: Chromium leaves a cue that is shown already where it is.
      track.removeCue(cue);
      track.addCue(cue);
    }
  }

  #chooseCaptions() {
    showCaptions(this.#element, captionTracks(this.#element)[Number(this.#captions.value)] ?? null);
  }

  /** Why not always: options that are replaced close a menu that is open. */
  #fill(select, label, options, chosen) {
    select.setAttribute('aria-label', label);
    select.title = label;
    const text = JSON.stringify(options);
    if (select.dataset.options !== text) {
      select.dataset.options = text;
      select.replaceChildren(...options.map(([value, name]) => h('option', { value }, name)));
    }
    select.value = String(chosen);
  }
}

function nameOf({ label, language }) {
  return label || language || '?';
}
