// The form that adds a track: from a file, from an address, or written by the provider.

import { field, fill, freshId, h } from './dom.js';
import { icon } from './icons.js';
import { KINDS, languageName, languageTag, suggestedLanguages } from './track_words.js';
import { noticeBox, problemBox } from './words.js';

/** The largest file that the service takes. */
const MOST_BYTES = 1024 * 1024;

const WAYS = {
  file: { label: 'From a file of this computer', button: 'Add the track', picture: 'upload' },
  address: { label: 'From a file of the web', button: 'Add the track', picture: 'into' },
  sound: { label: 'A sound from a file of the web', button: 'Add the sound', picture: 'sound' },
  generate: { label: 'Written by the provider, from the sound', button: 'Have it written', picture: 'pencil' },
};

/** `element`. `offers`: names of `WAYS`. `add({ file, query } or { body })` adds it, or rejects. */
export class TrackForm {
  #add;
  #way = h('select', { id: 'track-way' });
  #file = h('input', { type: 'file', accept: '.vtt,.srt,text/vtt,application/x-subrip', id: 'track-file' });
  #address = h('input', { type: 'url', placeholder: 'https://', autocomplete: 'off', spellcheck: 'false', maxlength: '2048', id: 'track-address' });
  #language = h('input', { type: 'text', required: true, maxlength: '35', autocomplete: 'off', spellcheck: 'false', id: 'track-language' });
  #name = h('input', { type: 'text', maxlength: '100', autocomplete: 'off', dir: 'auto', id: 'track-name' });
  #kind = h('select', { id: 'track-kind' }, ['subtitles', 'captions'].map((kind) => h('option', { value: kind }, KINDS[kind])));
  #submit = h('button', { type: 'submit' });
  #problem = h('div');
  #fields;

  constructor(offers, add) {
    this.#add = add;
    const list = freshId('languages');
    this.#language.setAttribute('list', list);
    fill(this.#way, offers.map((way) => h('option', { value: way }, WAYS[way].label)));
    this.#way.addEventListener('change', () => this.#draw());
    this.#fields = {
      file: field('WebVTT or SubRip file', this.#file, 'At most 1 MiB, in UTF-8.'),
      address: field('Address of the file', this.#address, 'The video provider fetches it from there.'),
      kind: field('Kind', this.#kind, 'Captions also tell what is heard besides speech.'),
    };
    this.element = h('form', { class: 'inline-form', id: 'track-form' }, h('h3', {}, 'Add a track'),
      offers.length > 1 ? field('How', this.#way) : null, this.#fields.file, this.#fields.address,
      field('Language', this.#language, 'A name, or a tag such as pt-BR.'),
      h('datalist', { id: list }, suggestedLanguages().map(([tag, name]) => h('option', { value: name }, tag))),
      field('Name for viewers', this.#name, 'Without one, the name of the language.'), this.#fields.kind,
      this.#problem, h('div', { class: 'actions' }, this.#submit));
    this.element.addEventListener('submit', (event) => this.#send(event));
    this.#draw();
  }

  #draw() {
    const way = this.#way.value;
    this.#fields.file.hidden = way !== 'file';
    this.#file.required = way === 'file';
    this.#fields.address.hidden = !['address', 'sound'].includes(way);
    this.#address.required = !this.#fields.address.hidden;
    this.#fields.kind.hidden = way === 'sound' || way === 'generate';
    fill(this.#submit, icon(WAYS[way].picture), WAYS[way].button);
    fill(this.#problem);
  }

  async #send(event) {
    event.preventDefault();
    fill(this.#problem);
    this.#submit.disabled = true;
    try {
      await this.#add(this.#asked());
      this.element.reset();
      this.#draw();
    } catch (error) {
      fill(this.#problem, boxOf(error));
    } finally {
      this.#submit.disabled = false;
    }
  }

  /** What the service is asked for. */
  #asked() {
    const way = this.#way.value;
    const language = languageTag(this.#language.value);
    const name = this.#name.value.trim() || languageName(language);
    const kind = way === 'sound' ? 'audio' : way === 'generate' ? 'subtitles' : this.#kind.value;
    if (way === 'generate') return { body: { language, name, generate: true } };
    if (way !== 'file') return { body: { language, name, kind, source_url: this.#address.value } };
    const [file] = this.#file.files;
    if (file.size > MOST_BYTES) throw new RangeError('The file is larger than 1 MiB, the most that is taken.');
    return { file, query: { language, name, kind } };
  }
}

/** A file is refused with the line that is wrong. */
function boxOf(error) {
  if (error instanceof RangeError) return noticeBox(error.message);
  const line = error.errors?.map(({ detail }) => /^line (\d+): (.*)$/s.exec(detail)).find(Boolean);
  return line ? noticeBox(`Line ${line[1]} of the file is not accepted. ${line[2]}`) : problemBox(error);
}
