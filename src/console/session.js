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

  use(token) {
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
    this.#token = '';
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}
