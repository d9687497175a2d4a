// <yourbit-player>: one video with controls of its own.

import { ElementBase, define, setStyle, upgrade } from './element_base.js';
import { MediaPlayer } from './media_player.js';
import { PlayerFailure } from './player_failure.js';

/**
 * The element. Properties: `playback`, `labels`, `hls`, `player`, `media`. Attributes: autoplay, loop, muted, preload,
 * poster. Fires `player-load`, `player-renewal` and `player-error`.
 */
export class PlayerElement extends ElementBase {
  static observedAttributes = ['loop', 'muted', 'preload', 'poster'];
  #playback = null;
  #hls;
  #labels = {};
  #player = null;
  #root;
  #view = null;
  #loading = null;

  constructor() {
    super();
    this.#root = this.attachShadow({ mode: 'open' });
    setStyle(this.#root, ':host { display: block; aspect-ratio: 16 / 9; background: #000; }');
  }

  connectedCallback() {
    upgrade(this, 'playback', 'labels', 'hls');
    if (!this.hasAttribute('role')) this.setAttribute('role', 'region');
    if (!this.#player) this.load();
  }

  /** Why later: an element that is only moved goes on. */
  disconnectedCallback() {
    queueMicrotask(() => this.isConnected || this.#close());
  }

  attributeChangedCallback(name) {
    this.#view?.pass(name);
  }

  get playback() { return this.#playback; }
  /** Another function is another video. */
  set playback(playback) {
    if (playback === this.#playback) return;
    this.#playback = playback;
    this.#close();
    if (this.isConnected) this.load();
  }

  get hls() { return this.#hls; }
  set hls(settings) { this.#hls = settings; }
  /** The Player, null while there is none. */
  get player() { return this.#player; }
  /** The media element, null while the element is loading. */
  get media() { return this.#view?.media ?? null; }

  /** Words in place of the English ones; those that are missing stay. */
  get labels() { return this.#labels; }
  set labels(labels) {
    this.#labels = labels ?? {};
    this.#view?.translate(this.#labels);
  }

  /** Asks for a playback, anew where there is one already. */
  async load() {
    try {
      await this.#show();
    } catch (cause) {
      this.#tell('error', new PlayerFailure('library', { detail: 'The player could not be loaded.', cause }));
      return;
    }
    if (!this.#playback || !this.isConnected) return;
    this.#view.tell(null);
    if (this.#player) await this.#player.load();
    else this.#start();
  }

  #show() {
    this.#loading ??= import('./player_view.js').then(({ PlayerView }) => {
      this.#view = new PlayerView(this, this.#root);
    });
    this.#loading.catch(() => { this.#loading = null; });
    return this.#loading;
  }

  #start() {
    const autoplay = this.hasAttribute('autoplay');
    this.#player = new MediaPlayer(this.media, { playback: this.#playback, hls: this.#hls, autoplay });
    for (const type of ['load', 'renewal', 'error']) this.#player.addEventListener(type, (event) => this.#tell(type, event.error));
  }

  #close() {
    this.#player?.close();
    this.#player = null;
  }

  #tell(type, error) {
    this.#view?.tell(error ?? null);
    this.dispatchEvent(new CustomEvent(`player-${type}`, { bubbles: true, composed: true, detail: { player: this.#player, error } }));
  }
}

export function definePlayerElement() {
  define('yourbit-player', PlayerElement);
}
