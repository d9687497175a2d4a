// The uploads of this tab: they go on while one looks at other pages of the console.

/** All of them. Fires `change` when one comes, ends or goes on, `begun` when one has got its video. */
export class Uploads extends EventTarget {
  #api;
  #session;
  #all = [];

  constructor(api, session) {
    super();
    this.#api = api;
    this.#session = session;
    addEventListener('beforeunload', (event) => this.active.length > 0 && event.preventDefault());
  }

  get active() { return this.#all.filter((one) => !one.isOver); }
  /** What a list should show of them: all but those that ended well. */
  get shown() { return this.#all.filter((one) => !['done', 'cancelled'].includes(one.state)); }
  /** The newest that has got its descriptor. */
  get latest() { return this.#all.findLast((one) => one.descriptor) ?? null; }
  of(id) { return this.#all.find((one) => one.video?.id === id) ?? null; }

  /** What the browser has kept of an upload of this file that was broken off: `{video, offset}`, or null. */
  async stored(file) {
    const known = this.active.some((one) => one.file.name === file.name && one.file.size === file.size);
    if (known) return null;
    const { loadUploadClient } = await import('./client.js');
    const { stored } = await loadUploadClient();
    return stored?.(file, { owner: this.#session.owner }) ?? null;
  }

  /** Begins an upload; resolves with it. */
  async add(file, choices) {
    const { Upload } = await import('./upload.js');
    const upload = new Upload(this.#api, this.#session.owner, file, choices);
    let before = '';
    upload.addEventListener('begun', () => this.dispatchEvent(new Event('begun')));
    upload.addEventListener('change', () => {
      const is = upload.isOver ? upload.state : 'active';
      if (is === before) return;
      before = is;
      this.#changed();
    });
    this.#all.push(upload);
    this.#changed();
    upload.start();
    return upload;
  }

  retry(upload) { upload.retry(); }

  /** Forgets one that failed. The same file goes on where it stopped when it is chosen again. */
  dismiss(upload) {
    this.#all = this.#all.filter((one) => one !== upload);
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}
