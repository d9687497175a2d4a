// Thumbnails of the videos of a list: asked for many at once, kept while the list is, and again when one no longer loads.

/** Videos of one request, and single requests at the same time where the service cannot take many in one. */
const MOST = 100;
const AT_ONCE = 4;
/** A picture that does not load is asked for again at most so often. */
const AGAIN_MS = 30_000;

export class Pictures {
  #api;
  #show;
  #urls = new Map();
  #asked = new Map();

  /** `show(id, url)` puts a picture where its video is. */
  constructor(api, show) {
    this.#api = api;
    this.#show = show;
  }

  /** The address that is known for this video, if any. */
  of(id) { return this.#urls.get(id) ?? null; }

  /** Asks for those that are not known yet. */
  async load(ids) {
    const wanted = ids.filter((id) => !this.#asked.has(id));
    for (const id of wanted) this.#asked.set(id, Date.now());
    for (let at = 0; at < wanted.length; at += MOST) await this.#ask(wanted.slice(at, at + MOST));
  }

  /** The picture of this video has changed, or does not load any more. */
  async again(id) {
    if (Date.now() - (this.#asked.get(id) ?? 0) < AGAIN_MS) return;
    this.forget(id);
    await this.load([id]);
  }

  forget(id) {
    this.#urls.delete(id);
    this.#asked.delete(id);
  }

  async #ask(ids) {
    try {
      for (const [id, sizes] of await this.#api.thumbnailsOf(ids)) this.#take(id, sizes);
    } catch {
      await this.#askSingly([...ids]);
    }
  }

  async #askSingly(left) {
    const one = async () => {
      for (let id = left.shift(); id; id = left.shift()) {
        const answer = await this.#api.thumbnails(id).catch(() => null);
        if (answer) this.#take(id, answer.thumbnails);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
  }

  #take(id, sizes) {
    const url = sizes.large ?? sizes.medium ?? Object.values(sizes)[0];
    if (!url) return;
    this.#urls.set(id, url);
    this.#show(id, url);
  }
}
