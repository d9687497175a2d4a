// Whose token the page uses. It lives in memory and in sessionStorage: it ends with the tab.

import { meta } from './dom.js';

const KEY = 'yourbit-video-token';
/** How an address brings a token: behind the `#`, which no browser sends to a server. */
const LINK = '#token=';

/** Fires `change` when the token comes, goes or is refused, and `rights` when it is known what it may do. */
export class Session extends EventTarget {
  #token = sessionStorage.getItem(KEY) ?? '';
  /** Why the page needs another token: '', 'refused' or 'expired'. */
  problem = '';
  /** What the service says that the token may do: the answer of `GET /v1/session`. Null until it is known. */
  info = null;

  /** In development mode: the token that was left for another one. It is not easily had again. */
  left = '';

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

  /** The scopes that count: as the service says, until then as the token says. A token without any is its owner's. */
  get scopes() {
    if (this.info) return this.info.scopes;
    const { scope, scp } = this.claims;
    const named = scope ?? scp ?? [];
    const own = (Array.isArray(named) ? named : String(named).split(/\s+/)).filter((one) => String(one).startsWith('video:'));
    return own.length > 0 ? own : ['video:own'];
  }

  /** Whether one of these scopes is the token's. The service decides anew with each request. */
  has(...scopes) { return ['video:admin', ...scopes].some((scope) => this.scopes.includes(scope)); }
  get isAdmin() { return this.has(); }
  /** Whose videos the token's uploads are. */
  get owner() { return String(this.info?.sub ?? this.claims.sub ?? ''); }
  get mayUpload() { return this.info ? this.info.uploads !== null : this.has('video:own', 'video:upload'); }
  get mayPlay() { return this.info ? this.info.playback !== null : this.has('video:own', 'video:play'); }
  get mayList() { return this.has('video:own', 'video:upload', 'video:read'); }
  /** Whether lists show others' videos too. */
  get seesAll() { return this.has('video:read'); }
  /** Whether the token names the videos that it sees. Such lists have no counts. */
  get seesNamed() { return this.seesAll && !this.isAdmin && Array.isArray(this.claims.videos); }
  get mayChange() { return this.has('video:own'); }
  get mayCancel() { return this.has('video:own', 'video:upload'); }
  /** The same for one video: what is not the token's own takes more. */
  mayChangeThis(video) { return this.isAdmin || (this.mayChange && video.owner === this.owner); }
  mayCancelThis(video) { return this.isAdmin || (this.mayCancel && video.owner === this.owner); }
  mayPlayThis(video) { return this.has('video:play') || (this.mayPlay && video.owner === this.owner); }
  /** Whether `provider` can do this, by the service's own word; true while that is not known. */
  can(provider, name) { return this.info?.capabilities?.[provider]?.includes(name) ?? true; }

  /** The providers that can do this. */
  providersWith(name) { return Object.entries(this.info?.capabilities ?? {}).filter(([, all]) => all.includes(name)).map(([provider]) => provider); }
  /** The names of files that `provider` makes on demand. */
  filesOf(provider) { return this.info?.renditions?.[provider] ?? []; }
  /** Whether a file of `provider` can be deleted again, as far as is known: the source is no file of ours. */
  canDeleteFiles(provider, name) { return name !== 'source' && this.filesOf(provider).includes(name); }

  /** Takes what the service says of the token. Fires `rights`. */
  learn(info) {
    this.info = info;
    this.dispatchEvent(new Event('rights'));
  }

  use(token) {
    this.info = null;
    this.left = '';
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
    if (this.isDevelopment) this.left = this.#token;
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
