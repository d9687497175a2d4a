// A list of events, newest first, which goes on by cursor; each row opens.

import { announce, fill, h } from './dom.js';
import { EventView, statePill } from './event_view.js';
import { icon } from './icons.js';
import { agoTime, counted } from './times.js';
import { problemBox } from './words.js';

/** Pages without an event that are passed over in a row, before one has to ask for more. */
const MOST_EMPTY = 20;

/** `element`, `load(filter)` and `close()`. */
export class EventList {
  #admin;
  #box;
  #filter = {};
  #cursor = null;
  #round = 0;
  #count = 0;
  #rows = h('ul', { class: 'event-rows' });
  #note = h('div');
  #more = h('button', { type: 'button', class: 'quiet', hidden: true, onclick: () => this.#page(false) }, 'Show older events');

  constructor(admin, box) {
    this.#admin = admin;
    this.#box = box;
    this.element = h('section', { 'aria-label': 'Events' }, this.#rows, this.#note, h('div', { class: 'more' }, this.#more));
  }

  load(filter) {
    this.#filter = filter;
    this.#cursor = null;
    return this.#page(true);
  }

  close() { this.#round += 1; }

  async #page(fresh) {
    this.#round += 1;
    const round = this.#round;
    this.element.setAttribute('aria-busy', 'true');
    if (fresh) fill(this.#note, h('p', { class: 'hint busy' }, 'Reading the events…'));
    this.#more.disabled = true;
    try {
      const page = await this.#next();
      if (round !== this.#round) return;
      if (fresh) this.#clear();
      const rows = page.map((event) => this.#row(event));
      this.#rows.append(...rows);
      this.#count += page.length;
      this.#more.hidden = this.#cursor === null;
      fill(this.#note, this.#count === 0 ? this.#nothing() : null);
      if (!fresh) (rows[0]?.querySelector('summary') ?? this.#more).focus();
      announce(`${counted(this.#count, 'event')} shown.`);
    } catch (error) {
      if (round === this.#round) fill(this.#note, problemBox(error, { retry: () => this.#page(fresh) }));
    } finally {
      if (round === this.#round) {
        this.#more.disabled = false;
        this.element.removeAttribute('aria-busy');
      }
    }
  }

  /** The next page that has an event: with some conditions a page may be empty and not be the last one. */
  async #next() {
    for (let tries = 0; tries < MOST_EMPTY; tries += 1) {
      const page = await this.#admin.events(this.#box, this.#filter, { cursor: this.#cursor });
      this.#cursor = page.next_cursor;
      if (page.data.length > 0 || this.#cursor === null) return page.data;
    }
    return [];
  }

  #nothing() {
    return h('div', { class: 'empty' }, icon('check'), h('p', { class: 'empty-title' }, this.#cursor ? 'Nothing found so far' : 'No event matches'),
      this.#cursor ? h('p', {}, 'There are older events to look at.') : null);
  }

  #clear() {
    this.#count = 0;
    fill(this.#rows);
  }

  #row(event) {
    const inbox = this.#box === 'in';
    const pill = h('span', { class: 'cell' }, statePill(event.state));
    const subject = h('span', { class: 'cell subject' }, inbox ? event.provider : event.endpoint);
    const error = h('span', { class: 'cell error' }, event.error ?? '');
    const summary = h('summary', {}, h('span', { class: 'cell type' }, event.type ? h('code', {}, event.type) : h('span', { class: 'hint' }, 'no type')), pill, subject,
      h('span', { class: 'cell when' }, agoTime(event.received_at ?? event.created_at)), error);
    const details = h('details', { class: 'event-row', 'data-state': event.state }, summary);
    let view = null;
    details.addEventListener('toggle', () => {
      if (!details.open || view) return;
      view = new EventView(this.#admin, this.#box, event, {
        onReplayed: (next) => {
          fill(pill, statePill(next.state));
          details.dataset.state = next.state;
          error.textContent = next.error ?? '';
        },
      });
      details.append(view.element);
      view.load();
    });
    return h('li', {}, details);
  }
}
