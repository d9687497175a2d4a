// The conditions by which events are found: a form, and the same in the page's address.

import { BOXES, CONDITIONS, STATES } from './admin_api.js';
import { field, h } from './dom.js';
import { localValue } from './times.js';

/** The box and the conditions of an address. What is none is left out. */
export function readFilter(query) {
  const box = query.get('box') === 'out' ? 'out' : 'in';
  const filter = {};
  for (const name of CONDITIONS) {
    const value = query.get(name)?.trim();
    if (value) filter[name] = value;
  }
  if (!BOXES[box].states.includes(filter.state)) delete filter.state;
  for (const name of ['since', 'until']) if (Number.isNaN(Date.parse(filter[name]))) delete filter[name];
  return { box, filter };
}

/** The other way round. */
export function writeFilter({ box, filter }) {
  const query = new URLSearchParams(filter);
  if (box === 'out') query.set('box', 'out');
  return query;
}

/** The form. `onChange(filter)` is called when it is sent. */
export class FilterForm {
  #inputs = {};
  #onChange;

  constructor(box, filter, { onChange }) {
    this.#onChange = onChange;
    const text = (placeholder) => h('input', { type: 'text', autocomplete: 'off', spellcheck: 'false', placeholder });
    const time = () => h('input', { type: 'datetime-local', step: '1' });
    const state = h('select', {}, h('option', { value: '' }, 'any'), BOXES[box].states.map((value) => h('option', { value }, STATES[value])));
    this.#inputs = { state, type: text(box === 'in' ? 'video.asset.ready' : 'video.ready'), provider: text(''), video_id: text(''), since: time(), until: time() };
    const labels = { state: 'State', type: 'Type', provider: 'Provider', video_id: 'Id of the video', since: box === 'in' ? 'Received since' : 'Written since', until: 'Before' };
    // Why at once: a state is chosen, the others are typed.
    state.addEventListener('change', () => this.#send());
    this.#set(filter);
    const clear = h('button', { type: 'button', class: 'quiet', onclick: () => this.#clear() }, 'Clear');
    this.element = h('form', { class: 'filter', role: 'search', 'aria-label': 'Find events' },
      Object.entries(this.#inputs).map(([name, input]) => field(labels[name], input)),
      h('div', { class: 'actions' }, h('button', { type: 'submit' }, 'Find'), clear));
    this.element.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#send();
    });
  }

  #set(filter) {
    for (const [name, input] of Object.entries(this.#inputs)) {
      const value = filter[name] ?? '';
      input.value = value && input.type === 'datetime-local' ? localValue(value, true) : value;
    }
  }

  #clear() {
    this.#set({});
    this.#send();
    this.#inputs.state.focus();
  }

  #send() {
    const filter = {};
    for (const [name, input] of Object.entries(this.#inputs)) {
      const value = input.value.trim();
      if (value) filter[name] = input.type === 'datetime-local' ? new Date(value).toISOString() : value;
    }
    this.#onChange(filter);
  }
}

/** A condition in words: "state failed, provider mux". */
export function sayFilter(filter) {
  const names = { state: 'state', type: 'type', provider: 'provider', video_id: 'video', since: 'since', until: 'before' };
  const words = CONDITIONS.filter((name) => filter[name]).map((name) => `${names[name]} ${name === 'state' ? STATES[filter[name]].toLowerCase() : filter[name]}`);
  return words.join(', ');
}
