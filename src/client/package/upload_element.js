// <yourbit-upload>: choose or drop files, see them go, pause, resume, cancel.

import { ElementBase, define, fill, h, icon, shadow, upgrade } from './element.js';
import { UPLOAD_LABELS } from './upload_labels.js';
import { UploadRow } from './upload_row.js';
import { UploadTask } from './upload_task.js';

const CSS = `
:host { color: var(--i); }
label { display: grid; place-items: center; gap: .25rem; min-height: 7rem; padding: 1rem; border: 2px dashed var(--l); border-radius: var(--r); background: var(--s); text-align: center; cursor: pointer; }
label:hover, :host([data-over]) label { border-color: var(--a); }
label:focus-within { outline: 3px solid var(--a); outline-offset: 2px; }
label svg { transform: rotate(-90deg); color: var(--a); }
:host([disabled]) label { opacity: .6; cursor: default; }
input { position: absolute; width: 1px; height: 1px; opacity: 0; overflow: hidden; }
ul { display: grid; gap: .5rem; margin: 0; padding: 0; list-style: none; }
ul:not(:empty) { margin-top: .75rem; }
li { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: .25rem .75rem; align-items: center; padding: .5rem .75rem; border: 1px solid color-mix(in srgb, var(--l) 45%, transparent); border-radius: var(--r); background: var(--s); }
.name { grid-column: 1; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-weight: 600; }
progress { grid-column: 1; width: 100%; height: .5rem; accent-color: var(--a); }
.status { grid-column: 1; color: var(--f); font-size: .875rem; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
[data-state=failed] .status { color: var(--b); }
.buttons { grid-column: 2; grid-row: 1 / span 3; display: flex; }
.quiet { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
`;
/** States that a screen reader is told. */
const ANNOUNCED = ['retrying', 'paused', 'done', 'failed', 'cancelled'];

/**
 * The element. Properties: `begin`, `owner`, `labels`, `uploads`. Attributes: accept, multiple, disabled, name (in a form:
 * the ids of what was uploaded). Fires `upload-started`, `upload-done`, `upload-failed` and `upload-cancelled`.
 */
export class UploadElement extends ElementBase {
  static formAssociated = true;
  static observedAttributes = ['accept', 'multiple', 'disabled'];
  #begin = null;
  #owner;
  #labels = UPLOAD_LABELS;
  #form = null;
  #input;
  #text = h('span', { part: 'label' });
  #list = h('ul', { part: 'list' });
  #live = h('p', { class: 'quiet', role: 'status' });
  #rows = new Map();

  constructor() {
    super();
    this.#form = this.attachInternals?.() ?? null;
    const root = shadow(this, CSS);
    this.#input = h('input', { type: 'file', onchange: () => this.#choose() });
    const drop = h('label', { part: 'drop' }, icon('play'), this.#text, h('slot'), this.#input);
    root.append(drop, this.#list, this.#live);
    for (const name of ['dragenter', 'dragover']) this.addEventListener(name, (event) => this.#over(event, true));
    for (const name of ['dragleave', 'drop']) this.addEventListener(name, (event) => this.#over(event, false));
    this.addEventListener('drop', (event) => this.add(event.dataTransfer.files));
    this.labels = {};
  }

  connectedCallback() {
    upgrade(this, 'begin', 'owner', 'labels');
    this.attributeChangedCallback();
  }

  attributeChangedCallback() {
    this.#input.accept = this.getAttribute('accept') ?? 'video/*,audio/*';
    this.#input.multiple = this.hasAttribute('multiple');
    this.#input.disabled = this.hasAttribute('disabled');
  }

  get begin() { return this.#begin; }
  set begin(begin) { this.#begin = begin; }
  get owner() { return this.#owner; }
  set owner(owner) { this.#owner = owner; }

  /** Words in place of the English ones; those that are missing stay. */
  get labels() { return this.#labels; }
  set labels(labels) {
    this.#labels = { ...UPLOAD_LABELS, ...labels };
    this.#text.textContent = this.#labels.choose;
    this.#list.setAttribute('aria-label', this.#labels.uploads);
  }

  /** The uploads of the list. */
  get uploads() { return [...this.#rows.keys()]; }

  /** Uploads these files, as if they had been chosen. */
  add(files) {
    if (this.hasAttribute('disabled')) return;
    if (!this.#begin) throw new Error('<yourbit-upload> has no begin function.');
    for (const file of this.hasAttribute('multiple') ? files : [...files].slice(0, 1)) {
      if (this.#accepts(file)) this.#upload(file);
      else this.#live.textContent = fill(this.#labels.not_accepted, { name: file.name });
    }
  }

  #choose() {
    this.add([...this.#input.files]);
    // Why: the same file chosen again is a change only after this.
    this.#input.value = '';
  }

  #over(event, isOver) {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    this.toggleAttribute('data-over', isOver);
  }

  /** What is dropped is not checked by the input. A file without a type is accepted. */
  #accepts({ name, type }) {
    const rules = this.#input.accept.split(',').map((rule) => rule.trim().toLowerCase()).filter(Boolean);
    const fits = (rule) => (rule.startsWith('.') ? name.toLowerCase().endsWith(rule) : rule === type || (rule.endsWith('/*') && type.startsWith(rule.slice(0, -1))));
    return !type || rules.length === 0 || rules.some(fits);
  }

  #upload(file) {
    const upload = new UploadTask(file, { begin: this.#begin, owner: this.#owner });
    const row = new UploadRow(upload, { labels: this.#labels, onRemove: () => this.#remove(upload) });
    this.#rows.set(upload, row);
    this.#list.append(row.element);
    let last = '';
    upload.addEventListener('change', () => {
      if (upload.state === last) return;
      last = upload.state;
      this.#changed(upload);
    });
    this.#tell('upload-started', upload);
  }

  #changed(upload) {
    const { state, file } = upload;
    if (ANNOUNCED.includes(state)) this.#live.textContent = `${file.name}: ${this.#rows.get(upload).words}`;
    if (['done', 'failed', 'cancelled'].includes(state)) this.#tell(`upload-${state}`, upload);
    if (state === 'done') this.#setValue();
  }

  #remove(upload) {
    const { element } = this.#rows.get(upload);
    const next = element.nextElementSibling ?? element.previousElementSibling;
    this.#rows.delete(upload);
    element.remove();
    // Why: the focus would be lost with the button.
    (next?.querySelector('.buttons button:not([hidden])') ?? this.#input).focus();
    this.#setValue();
  }

  #setValue() {
    const name = this.getAttribute('name');
    if (!name) return;
    const data = new FormData();
    for (const { state, video } of this.uploads) if (state === 'done' && video?.id) data.append(name, video.id);
    this.#form?.setFormValue(data);
  }

  #tell(type, upload) {
    const { file, video, error } = upload;
    this.dispatchEvent(new CustomEvent(type, { bubbles: true, composed: true, detail: { upload, file, video, error } }));
  }
}

export function defineUploadElement() {
  define('yourbit-upload', UploadElement);
}
