// What <yourbit-upload> shows: a place to choose or drop files, and a list of them.

import { BASE_CSS, fill, h, icon } from './element.js';
import { setStyle } from './element_base.js';
import { UPLOAD_LABELS } from './upload_labels.js';
import { UploadRow } from './upload_row.js';

const CSS = `
:host { color: var(--i); }
label { display: grid; place-items: center; gap: .25rem; min-height: 7rem; padding: 1rem; border: 2px dashed var(--l); border-radius: var(--r); background: var(--s); text-align: center; cursor: pointer; }
label:hover, :host([data-over]) label { border-color: var(--a); }
label:focus-within { outline: 3px solid var(--a); outline-offset: 2px; }
label svg { width: 2rem; height: 2rem; color: var(--a); }
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


/** The view of one element. `start(file)` begins an upload. */
export class UploadView {
  #host;
  #start;
  #labels;
  #input = h('input', { type: 'file', onchange: () => this.#choose() });
  #text = h('span', { part: 'label' });
  #list = h('ul', { part: 'list' });
  #live = h('p', { class: 'quiet', role: 'status' });
  #rows = new Map();

  constructor(host, root, start) {
    this.#host = host;
    this.#start = start;
    setStyle(root, BASE_CSS + CSS);
    const drop = h('label', { part: 'drop' }, icon('upload'), this.#text, h('slot'), this.#input);
    root.replaceChildren(drop, this.#list, this.#live);
    for (const name of ['dragenter', 'dragover']) host.addEventListener(name, (event) => this.#over(event, true));
    for (const name of ['dragleave', 'drop']) host.addEventListener(name, (event) => this.#over(event, false));
    host.addEventListener('drop', (event) => this.add(event.dataTransfer.files));
    this.translate(host.labels);
    this.update();
  }

  update() {
    this.#input.accept = this.#host.getAttribute('accept') ?? 'video/*,audio/*';
    this.#input.multiple = this.#host.hasAttribute('multiple');
    this.#input.disabled = this.#host.hasAttribute('disabled');
  }

  translate(labels) {
    this.#labels = { ...UPLOAD_LABELS, ...labels };
    this.#text.textContent = this.#labels.choose;
    this.#list.setAttribute('aria-label', this.#labels.uploads);
  }

  get uploads() { return [...this.#rows.keys()]; }

  add(files) {
    if (this.#input.disabled) return;
    for (const file of this.#input.multiple ? [...files] : [...files].slice(0, 1)) {
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
    this.#host.toggleAttribute('data-over', isOver);
  }

  /** What is dropped is not checked by the input. A file without a type is accepted. */
  #accepts({ name, type }) {
    const rules = this.#input.accept.split(',').map((rule) => rule.trim().toLowerCase()).filter(Boolean);
    const fits = (rule) => (rule.startsWith('.') ? name.toLowerCase().endsWith(rule) : rule === type || (rule.endsWith('/*') && type.startsWith(rule.slice(0, -1))));
    return !type || rules.length === 0 || rules.some(fits);
  }

  #upload(file) {
    const upload = this.#start(file);
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
    if (state === 'done') this.#host.uploadsChanged();
  }

  #remove(upload) {
    const { element } = this.#rows.get(upload);
    const next = element.nextElementSibling ?? element.previousElementSibling;
    this.#rows.delete(upload);
    element.remove();
    // Why: the focus would be lost with the button.
    (next?.querySelector('.buttons button:not([hidden])') ?? this.#input).focus();
    this.#host.uploadsChanged();
  }

  #tell(type, upload) {
    const { file, video, error } = upload;
    this.#host.dispatchEvent(new CustomEvent(type, { bubbles: true, composed: true, detail: { upload, file, video, error } }));
  }
}
