// Ids, addresses and metadata of a video, each to copy; external id and metadata to change.

import { copyButton } from './copy.js';
import { announce, field, fill, h } from './dom.js';
import { icon } from './icons.js';
import { problemBox } from './words.js';

/** A `<details>` panel: `element` and `update(video)`. `onSaved(video)` hears of a change. */
export class VideoDetails {
  #api;
  #session;
  #onSaved;
  #video = null;
  #shown = '';
  #body = h('div', { class: 'panel-body' });

  constructor(api, session, { onSaved }) {
    this.#api = api;
    this.#session = session;
    this.#onSaved = onSaved;
    this.element = h('details', { class: 'panel', id: 'details-panel' }, h('summary', {}, h('h2', {}, 'Ids, addresses, metadata')), this.#body);
  }

  update(video) {
    this.#video = video;
    // Why not anew each time: a selection, the focus and an open form would be lost.
    const shown = JSON.stringify(rowsOf(video).concat(video.metadata, video.status));
    if (shown === this.#shown || this.#body.querySelector('form')) return;
    this.#shown = shown;
    this.#draw();
  }

  #draw() {
    const video = this.#video;
    const rows = rowsOf(video).filter(([, value]) => value);
    const text = JSON.stringify(video.metadata, null, 2);
    const fixed = ['deleting', 'deleted'].includes(video.status) || !this.#session.mayChangeThis(video);
    fill(this.#body,
      h('dl', { class: 'rows' }, rows.map(([name, value]) => h('div', {}, h('dt', {}, name),
        h('dd', { class: 'copied' }, h('code', {}, value), copyButton(value, `Copy: ${name}`))))),
      h('div', { class: 'snippet' }, h('div', { class: 'snippet-head' }, h('h3', {}, 'Metadata'), text === '{}' ? null : copyButton(text, 'Copy the metadata')),
        text === '{}' ? h('p', { class: 'hint' }, 'None.') : h('pre', { tabindex: '0', role: 'region', 'aria-label': 'Metadata' }, h('code', {}, text))),
      fixed ? null : h('div', { class: 'actions' }, h('button', { type: 'button', class: 'small', onclick: () => this.#edit() }, icon('pencil'), 'Change external id and metadata')));
  }

  #edit() {
    const video = this.#video;
    const external = h('input', { type: 'text', maxlength: '128', value: video.external_id ?? '', autocomplete: 'off', spellcheck: 'false' });
    const metadata = h('textarea', { rows: '8', spellcheck: 'false', value: JSON.stringify(video.metadata, null, 2) });
    const problem = h('div');
    const back = () => {
      this.#draw();
      this.#body.querySelector('.actions button')?.focus();
    };
    const form = h('form', { class: 'inline-form' }, field('External id', external, 'The id that your application has for the video.'),
      field('Metadata', metadata, 'A JSON object of at most 4 KiB.'), problem,
      h('div', { class: 'actions' }, h('button', { type: 'submit', class: 'primary' }, 'Save'), h('button', { type: 'button', class: 'quiet', onclick: back }, 'Cancel')));
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      const wanted = objectOf(metadata.value);
      if (wanted === null) {
        metadata.setAttribute('aria-invalid', 'true');
        metadata.focus();
        return fill(problem, h('div', { class: 'problem', role: 'alert' }, icon('warning'), h('p', {}, 'The metadata is no JSON object, such as {"course": "42"}.')));
      }
      try {
        const saved = await this.#api.change(video.id, { external_id: external.value.trim() || null, metadata: mergePatch(video.metadata, wanted) });
        this.#video = saved;
        back();
        this.#onSaved(saved);
        announce('The changes are saved.');
      } catch (error) {
        fill(problem, problemBox(error));
      }
    });
    fill(this.#body, form);
    external.focus();
  }
}

function rowsOf(video) {
  return [
    ['Id', video.id], ['External id', video.external_id], ['Upload at the provider', video.upload_id],
    ['Asset at the provider', video.asset_id], ['Playback id', video.playback_id], ['Playback address', video.playback_url],
  ];
}

/** The JSON object that a text holds; null for anything else. */
function objectOf(text) {
  try {
    const value = JSON.parse(text.trim() || '{}');
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** What turns `from` into `to` by RFC 7396: a member that is gone is null. */
function mergePatch(from, to) {
  const gone = Object.keys(from).filter((name) => !Object.hasOwn(to, name)).map((name) => [name, null]);
  const left = Object.entries(to).map(([name, value]) => [name, isObject(value) && isObject(from[name]) ? mergePatch(from[name], value) : value]);
  return Object.fromEntries([...gone, ...left]);
}
