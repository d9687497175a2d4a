// The menus of <yourbit-player>: captions, and audio where there is more than one.

import { h } from './element.js';
import { captionTracks, showCaptions } from './text_tracks.js';

/** Two native menus: they work by keyboard, by touch and for screen readers in every browser. */
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
    this.elements = [this.#captions, this.#audio];
    for (const name of ['addtrack', 'removetrack', 'change']) element.textTracks.addEventListener(name, () => this.draw());
    element.addEventListener('loadeddata', () => this.draw());
    this.draw();
  }

  translate(labels) {
    this.#labels = labels;
    this.draw();
  }

  draw() {
    const tracks = captionTracks(this.#element);
    const shown = tracks.findIndex((track) => track.mode === 'showing');
    this.#fill(this.#captions, this.#labels.captions, [[-1, this.#labels.off], ...tracks.map((track, at) => [at, nameOf(track)])], shown);
    this.#captions.hidden = tracks.length === 0;
    const audio = this.#player()?.audioTracks ?? [];
    this.#fill(this.#audio, this.#labels.audio, audio.map((track, at) => [at, nameOf(track)]), audio.findIndex((one) => one.selected));
    this.#audio.hidden = audio.length < 2;
  }

  /** Captions on, the last ones that were; or off. */
  toggleCaptions() {
    const tracks = captionTracks(this.#element);
    const shown = tracks.find((track) => track.mode === 'showing') ?? null;
    if (shown) this.#last = shown;
    showCaptions(this.#element, shown ? null : tracks.find((track) => track === this.#last) ?? tracks[0] ?? null);
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
