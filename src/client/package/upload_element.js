// <yourbit-upload>: choose or drop files, see them go, pause, resume, cancel.

import { ElementBase, define, setStyle, upgrade } from './element_base.js';
import { UploadTask } from './upload_task.js';

/**
 * The element. Properties: `begin`, `owner`, `labels`, `uploads`. Attributes: accept, multiple, disabled, name (in a form:
 * the ids of what was uploaded). Fires `upload-started`, `upload-done`, `upload-failed` and `upload-cancelled`.
 */
export class UploadElement extends ElementBase {
  static formAssociated = true;
  static observedAttributes = ['accept', 'multiple', 'disabled'];
  #begin = null;
  #owner;
  #labels = {};
  #form;
  #root;
  #view = null;
  #loading = null;

  constructor() {
    super();
    this.#form = this.attachInternals?.();
    this.#root = this.attachShadow({ mode: 'open' });
    setStyle(this.#root, ':host { display: block; min-height: 7rem; }');
  }

  connectedCallback() {
    upgrade(this, 'begin', 'owner', 'labels');
    this.#show();
  }

  attributeChangedCallback() {
    this.#view?.update();
  }

  get begin() { return this.#begin; }
  set begin(begin) { this.#begin = begin; }
  get owner() { return this.#owner; }
  set owner(owner) { this.#owner = owner; }

  /** Words in place of the English ones; those that are missing stay. */
  get labels() { return this.#labels; }
  set labels(labels) {
    this.#labels = labels ?? {};
    this.#view?.translate(this.#labels);
  }

  /** The uploads of the list. */
  get uploads() { return this.#view?.uploads ?? []; }

  /** Uploads these files, as if they had been chosen. */
  async add(files) {
    const chosen = [...files];
    (await this.#show()).add(chosen);
  }

  /** Tells the form around the element which videos were uploaded. */
  uploadsChanged() {
    const name = this.getAttribute('name');
    if (!name) return;
    const data = new FormData();
    for (const { state, video } of this.uploads) if (state === 'done' && video?.id) data.append(name, video.id);
    this.#form?.setFormValue(data);
  }

  #show() {
    this.#loading ??= import('./upload_view.js').then(({ UploadView }) => {
      this.#view = new UploadView(this, this.#root, (file) => this.#start(file));
      return this.#view;
    });
    return this.#loading;
  }

  #start(file) {
    if (!this.#begin) throw new Error('<yourbit-upload> has no begin function.');
    return new UploadTask(file, { begin: this.#begin, owner: this.#owner });
  }
}

export function defineUploadElement() {
  define('yourbit-upload', UploadElement);
}
