// What a list shows: search, status, and the less common filters. All of it stands in the page's address.

import { fill, freshId, h } from './dom.js';
import { icon } from './icons.js';
import { STATUS } from './words.js';

/** A search begins this long after the last key. */
const TYPED_MS = 350;
const STATUSES = ['ready', 'preparing', 'waiting', 'created', 'errored', 'cancelled', 'expired', 'deleting'];
/** These are shown while nothing is known of how many there are. */
const COMMON = ['ready', 'preparing', 'waiting', 'errored'];
const SINGLE = ['q', 'provider', 'owner', 'external_id', 'created_after', 'created_before', 'order'];
/** The most that the service counts. */
const MOST_COUNTED = 10_000;

/** Fires `change` when something else is to be shown. */
export class Filters extends EventTarget {
  #session;
  #values = {};
  #statuses = new Set();
  #counts = null;
  #timer = 0;
  #chips = new Map();

  constructor(session) {
    super();
    this.#session = session;
    this.search = h('input', { type: 'search', id: 'search', placeholder: 'Title or id', autocomplete: 'off', spellcheck: 'false', maxlength: '512' });
    this.search.addEventListener('input', () => this.#soon());
    this.search.addEventListener('keydown', (event) => event.key === 'Enter' && this.#typed());
    this.chips = h('div', { class: 'chips', role: 'group', 'aria-label': 'Status' });
    this.more = this.#moreFilters();
    this.element = h('div', { class: 'filters', role: 'search' },
      h('div', { class: 'search-field' }, h('label', { class: 'visually-hidden', for: 'search' }, 'Search'), icon('search'), this.search),
      this.chips, this.more);
    this.#drawChips();
  }

  /** Takes the filters of an address. */
  read(query) {
    this.#values = Object.fromEntries(SINGLE.map((name) => [name, query.get(name) ?? '']));
    this.#statuses = new Set(query.getAll('status'));
    clearTimeout(this.#timer);
    this.#show();
  }

  /** The same as parameters: of the page's address, and of the call. */
  get query() {
    const query = new URLSearchParams();
    for (const name of SINGLE) if (this.#values[name]) query.set(name, this.#values[name]);
    for (const status of this.#statuses) query.append('status', status);
    return query;
  }

  get isOldestFirst() { return this.#values.order === 'oldest'; }
  /** Whether anything is left out. */
  get isNarrow() { return this.#statuses.size > 0 || SINGLE.some((name) => name !== 'order' && this.#values[name]); }
  /** What counts are of, as parameters; null where they would not be those of this list. */
  get countQuery() {
    if (this.#session.seesNamed || ['q', 'external_id', 'created_after', 'created_before'].some((name) => this.#values[name])) return null;
    const query = new URLSearchParams();
    for (const name of ['owner', 'provider']) if (this.#values[name]) query.set(name, this.#values[name]);
    return query;
  }
  /** Whether a page of the list may bring the counts with it. */
  get countsWithList() { return this.countQuery !== null && this.#statuses.size === 0; }

  /** `{status: number}`, or null where they are not known. */
  counts(counts) {
    this.#counts = counts;
    this.#drawChips();
  }

  /** Shows everything again. */
  clear() {
    this.read(new URLSearchParams());
    this.#changed();
  }

  /** What the token may do has become known. */
  drawRights() {
    const names = Object.keys(this.#session.info?.capabilities ?? {});
    const known = [...new Set([...names, this.#values.provider].filter(Boolean))];
    fill(this.provider, h('option', { value: '' }, 'All providers'), known.map((name) => h('option', { value: name }, name)));
    this.provider.value = this.#values.provider ?? '';
    this.provider.closest('.field').hidden = known.length < 2 && !this.#values.provider;
    this.owner.closest('.field').hidden = !this.#session.seesAll;
  }

  #show() {
    this.search.value = this.#values.q;
    this.owner.value = this.#values.owner;
    this.order.value = this.#values.order || 'newest';
    this.after.value = dayOf(this.#values.created_after);
    this.before.value = dayOf(this.#values.created_before, -1);
    this.drawRights();
    if (['owner', 'provider', 'created_after', 'created_before', 'order'].some((name) => this.#values[name])) this.more.open = true;
    this.#drawChips();
  }

  #moreFilters() {
    const take = (name, valueOf) => (event) => {
      this.#values[name] = valueOf(event.target.value.trim());
      this.#changed();
    };
    const same = (value) => value;
    this.owner = h('input', { type: 'text', autocomplete: 'off', spellcheck: 'false', maxlength: '128', onchange: take('owner', same) });
    this.provider = h('select', { onchange: take('provider', same) });
    this.order = h('select', { onchange: take('order', (value) => (value === 'newest' ? '' : value)) },
      h('option', { value: 'newest' }, 'Newest first'), h('option', { value: 'oldest' }, 'Oldest first'));
    this.after = h('input', { type: 'date', onchange: take('created_after', (day) => timeOf(day)) });
    this.before = h('input', { type: 'date', onchange: take('created_before', (day) => timeOf(day, 1)) });
    const fields = [['Owner', this.owner], ['Provider', this.provider], ['Order', this.order], ['Added from', this.after], ['Added until', this.before]];
    return h('details', { class: 'more-filters' }, h('summary', {}, 'More filters'),
      h('div', { class: 'filter-fields' }, fields.map(([name, input]) => {
        input.id = freshId('filter');
        return h('div', { class: 'field' }, h('label', { for: input.id }, name), input);
      })));
  }

  /** The buttons stay, so that focus stays. */
  #drawChips() {
    const all = this.#counts && Object.values(this.#counts).reduce((sum, count) => sum + count, 0);
    this.#chip('', 'All', all, this.#statuses.size === 0, true);
    for (const status of STATUSES) {
      const count = this.#counts?.[status] ?? null;
      const chosen = this.#statuses.has(status);
      this.#chip(status, STATUS[status], count, chosen, chosen || (this.#counts ? count > 0 : COMMON.includes(status)));
    }
  }

  #chip(status, name, count, chosen, shown) {
    if (!this.#chips.has(status)) {
      const chip = h('button', { type: 'button', class: 'chip', 'data-status': status || null, onclick: () => this.#toggle(status) });
      this.#chips.set(status, chip);
      this.chips.append(chip);
    }
    const chip = this.#chips.get(status);
    const many = count >= MOST_COUNTED ? `${MOST_COUNTED.toLocaleString('en')}+` : count?.toLocaleString('en');
    fill(chip, name, count === null ? null : h('span', { class: 'count' }, many));
    chip.setAttribute('aria-pressed', String(chosen));
    chip.hidden = !shown && chip !== document.activeElement;
  }

  #toggle(status) {
    if (status === '') this.#statuses.clear();
    else if (!this.#statuses.delete(status)) this.#statuses.add(status);
    this.#drawChips();
    this.#changed();
  }

  #soon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#typed(), TYPED_MS);
  }

  #typed() {
    clearTimeout(this.#timer);
    const text = this.search.value.trim();
    if (text === this.#values.q) return;
    this.#values.q = text;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}

/** The day of a time, as a date field has it: by the browser's clock. */
function dayOf(time, shift = 0) {
  if (!time || Number.isNaN(Date.parse(time))) return '';
  const date = new Date(time);
  date.setDate(date.getDate() + shift);
  const two = (number) => String(number).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** The beginning of a day, `shift` days later. */
function timeOf(day, shift = 0) {
  if (!day) return '';
  const [year, month, date] = day.split('-').map(Number);
  return new Date(year, month - 1, date + shift).toISOString();
}
