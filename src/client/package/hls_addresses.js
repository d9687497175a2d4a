// Renews the addresses of a stream while hls.js plays it, so that nothing has to be loaded anew.
//
// 1. Signed addresses come down from the first playlist: each playlist lists the next ones with a token of its own.
// 2. Every playlist that hls.js loads is read here as well: which addresses it lists, in which order.
// 3. After a renewal the first playlist has a new address. When hls.js asks for an address of an older playlist, the same
//    playlist is fetched under its new address, and the entry at the same place is loaded instead.
// 4. Where a playlist has changed its length, or an address is in no playlist, the old address is loaded. If that fails,
//    the player loads the stream anew.

/** The addresses of one stream. */
export class HlsAddresses {
  #root;
  #current;
  #generation = 0;
  /** Address → `{ parent, at, length, generation }`: the playlist that lists it, and its place there. */
  #known = new Map();
  /** Address of a playlist → promise of its entries, of this generation. */
  #lists = new Map();

  constructor(root) {
    this.#root = this.#current = root;
  }

  renew(root) {
    if (root === this.#current) return;
    this.#current = root;
    this.#generation += 1;
    this.#lists.clear();
  }

  /** Returns a class of loaders that load what is valid now. */
  loader(Base) {
    const addresses = this;
    return class extends Base {
      #closed = false;

      load(context, config, callbacks) {
        const asked = context.url;
        const learn = { ...callbacks, onSuccess: (response, stats, context, details) => {
          if (typeof response.data === 'string') addresses.#learn(asked, response.url || context.url, response.data);
          callbacks.onSuccess(response, stats, context, details);
        } };
        if (!addresses.#isOld(asked)) return super.load(context, config, learn);
        const go = (url) => { if (!this.#closed) super.load(Object.assign(context, { url }), config, learn); };
        addresses.resolve(asked).then(go, () => go(asked));
        return undefined;
      }

      abort() {
        this.#closed = true;
        super.abort();
      }

      destroy() {
        this.#closed = true;
        super.destroy();
      }
    };
  }

  /** Resolves with the address that stands for `url` now. */
  async resolve(url) {
    if (url === this.#root) return this.#current;
    const place = this.#known.get(url);
    if (!place || place.generation === this.#generation) return url;
    const entries = await this.#list(await this.resolve(place.parent));
    return entries.length === place.length ? entries[place.at] : url;
  }

  #isOld(url) {
    if (this.#generation === 0) return false;
    return url === this.#root || this.#known.get(url)?.generation < this.#generation;
  }

  #learn(asked, base, text) {
    if (!text.startsWith('#EXTM3U')) return;
    const entries = entriesOf(text, base);
    entries.forEach((url, at) => {
      const known = this.#known.get(url);
      if (!known) this.#known.set(url, { parent: asked, at, length: entries.length, generation: this.#generation });
      else if (known.generation !== this.#generation && known.parent === asked) Object.assign(known, { at, generation: this.#generation });
    });
  }

  #list(url) {
    if (!this.#lists.has(url)) {
      const list = fetch(url).then(async (response) => {
        if (!response.ok) throw new Error(`status ${response.status}`);
        return entriesOf(await response.text(), response.url || url);
      });
      list.catch(() => this.#lists.delete(url));
      this.#lists.set(url, list);
    }
    return this.#lists.get(url);
  }
}

/** Returns every address that a playlist lists, on lines of their own and in `URI="…"`, in order. */
export function entriesOf(text, base) {
  return text.split(/\r?\n/).flatMap((line) => {
    const found = line.startsWith('#') ? /[:,]URI="([^"]+)"/.exec(line)?.[1] : line.trim();
    return found ? [new URL(found, base).href] : [];
  });
}
