// Whose token the page uses. It lives in memory and in sessionStorage: it ends with the tab.

import { meta } from './dom.js';

const KEY = 'yourbit-video-token';

/** Fires `change` when the token comes, goes or is refused. */
export class Session extends EventTarget {
  #token = '';
  #given = '';
  /** Why the page needs another token: '', 'refused' or 'expired'. */
  problem = '';

  constructor() {
    super();
    this.#given = meta('token');
    this.#token = sessionStorage.getItem(KEY) || this.#given;
  }

  get token() { return this.#token; }

  /** The page gives tokens itself. */
  get isDevelopment() { return meta('mode') === 'development'; }

  /** A pasted token is in use, not a given one. */
  get isPasted() { return this.#token !== '' && this.#token !== this.#given; }

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

  /** Forgets the pasted token; in development mode the given one is used again. */
  forget() {
    sessionStorage.removeItem(KEY);
    this.#token = this.#given;
    this.problem = '';
    this.#changed();
  }

  /** The service refused the token. Gives true where a fresh one is there now. */
  async renew() {
    if (this.isDevelopment && !this.isPasted && (await this.#reload())) return true;
    const { exp } = this.claims;
    this.problem = typeof exp === 'number' && exp * 1000 < Date.now() ? 'expired' : 'refused';
    sessionStorage.removeItem(KEY);
    this.#token = '';
    this.#changed();
    return false;
  }

  /** In development mode the page's HTML carries a fresh token each time. */
  async #reload() {
    const response = await fetch('/', { cache: 'no-store' });
    const page = new DOMParser().parseFromString(await response.text(), 'text/html');
    const token = meta('token', page);
    if (!token || token === this.#token) return false;
    this.#given = this.#token = token;
    return true;
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}
