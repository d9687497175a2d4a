// Whose token the page uses. It lives in memory and in sessionStorage: it ends with the tab.

import { meta } from './dom.js';

const KEY = 'yourbit-video-token';
/** How an address brings a token: behind the `#`, which no browser sends to a server. */
const LINK = '#token=';

/** Fires `change` when the token comes, goes or is refused. */
export class Session extends EventTarget {
  #token = sessionStorage.getItem(KEY) ?? '';
  /** Why the page needs another token: '', 'refused' or 'expired'. */
  problem = '';
  /** What the service says that the token may do: the answer of `GET /v1/session`. Null until it is known. */
  info = null;

  get token() { return this.#token; }

  /** The service answers this machine alone, and prints links that bring a token. */
  get isDevelopment() { return meta('mode') === 'development'; }

  /** What the token says of its owner and its end; nothing is believed of it but by the service. */
  get claims() {
    try {
      const part = this.#token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/');
      const text = new TextDecoder().decode(Uint8Array.from(atob(part), (char) => char.charCodeAt(0)));
      return JSON.parse(text) ?? {};
    } catch {
      return {};
    }
  }

  /** Whether one of these scopes is the token's. True while nothing is known: the service refuses what is not allowed. */
  has(...scopes) { return this.info === null || ['video:admin', ...scopes].some((scope) => this.info.scopes.includes(scope)); }
  get mayUpload() { return this.info === null || this.info.uploads !== null; }
  get mayPlay() { return this.info === null || this.info.playback !== null; }
  get mayList() { return this.has('video:own', 'video:upload', 'video:read'); }
  /** Whether lists show others' videos too. */
  get seesAll() { return this.info !== null && this.has('video:read'); }
  get mayChange() { return this.has('video:own'); }
  get mayCancel() { return this.has('video:own', 'video:upload'); }

  use(token) {
    this.info = null;
    this.#token = token.trim().replace(/^Bearer\s+/i, '');
    this.problem = '';
    sessionStorage.setItem(KEY, this.#token);
    this.#changed();
  }

  /**
   * Uses the token of the address, and takes it out of there. Gives true where there was one. Elsewhere than in
   * development mode it is only taken out: nobody is to be signed in by another's link.
   */
  takeFromAddress() {
    if (!location.hash.startsWith(LINK)) return false;
    const token = location.hash.slice(LINK.length);
    history.replaceState(null, '', location.pathname + location.search);
    if (!this.isDevelopment) return false;
    this.use(token);
    return true;
  }

  forget() {
    this.problem = '';
    this.#drop();
  }

  /** The service refused the token. */
  refuse() {
    const { exp } = this.claims;
    this.problem = typeof exp === 'number' && exp * 1000 < Date.now() ? 'expired' : 'refused';
    this.#drop();
  }

  #drop() {
    sessionStorage.removeItem(KEY);
    this.info = null;
    this.#token = '';
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}
