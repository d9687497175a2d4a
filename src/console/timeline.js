// What happened to a video: its own times for everybody; for administrators the events that came and those that went out.

import { AdminApi } from './admin_api.js';
import { announce, fill, h } from './dom.js';
import { EventView, statePill } from './event_view.js';
import { icon } from './icons.js';
import { agoTime, exactTime } from './times.js';
import { problemBox } from './words.js';

/** Events of one box that are read at once. */
const PAGE = 50;
/** By status: the icon and the words of what ended the video. */
const ENDS = {
  errored: ['warning', 'It failed'], cancelled: ['ban', 'The upload was cancelled'], expired: ['clock', 'No file came in time'], deleting: ['trash', 'The deletion was requested'],
};
const BOX_NAMES = { in: 'Event from the provider', out: 'Event for the application' };

/** What the video itself tells, as `{at, title, icon}`. */
function ownTimes(video) {
  const ended = ENDS[video.status];
  return [
    { at: video.created_at, title: 'The upload was begun', icon: 'upload' },
    video.ready_at && { at: video.ready_at, title: 'It was ready to play', icon: 'check' },
    ended && { at: video.updated_at, title: ended[1], icon: ended[0] },
    video.delete_at && { at: video.delete_at, title: 'It is to be deleted', icon: 'trash' },
  ].filter(Boolean);
}

/** `element`, `show(video)` for its news, and `close()`. */
export class Timeline {
  #admin;
  #video;
  #list = h('ol', { class: 'timeline' });
  #note = h('div');
  #more = h('button', { type: 'button', class: 'quiet', hidden: true, onclick: () => this.#read(true) }, 'Show older events');
  /** Box → its events, newest first, and where the next page begins: null at the end, undefined before the first one. */
  #boxes = { in: { events: [], cursor: undefined }, out: { events: [], cursor: undefined } };
  #entries = new Map();
  #reading = null;
  #closed = false;

  constructor(api, session, video) {
    this.#admin = session.isAdmin ? new AdminApi(api) : null;
    this.#video = video;
    const again = this.#admin && h('button', { type: 'button', class: 'quiet small', onclick: () => this.#renew() }, icon('refresh'), 'Read again');
    this.element = h('section', { class: 'panel plain', 'aria-labelledby': 'timeline-heading' },
      h('div', { class: 'section-head' }, h('h2', { id: 'timeline-heading' }, 'What happened'), again),
      this.#list, this.#note, h('div', { class: 'more' }, this.#more));
    this.#draw();
    if (this.#admin) this.#read();
  }

  show(video) {
    const changed = video.version !== this.#video.version;
    this.#video = video;
    this.#draw();
    if (changed && this.#admin) this.#read();
  }

  close() { this.#closed = true; }

  async #renew() {
    await this.#read();
    announce('The events were read again.');
  }

  /** The newest events, or the next older ones of each box that has more. */
  async #read(older = false) {
    await this.#reading?.catch(() => {});
    this.#reading = Promise.all(Object.keys(this.#boxes).map((box) => this.#readBox(box, older)));
    this.element.setAttribute('aria-busy', 'true');
    try {
      await this.#reading;
      fill(this.#note);
    } catch (error) {
      fill(this.#note, problemBox(error, { retry: () => this.#read(older) }));
    } finally {
      this.#reading = null;
      this.element.removeAttribute('aria-busy');
      if (!this.#closed) this.#draw();
    }
  }

  async #readBox(box, older) {
    const known = this.#boxes[box];
    if (older && !known.cursor) return;
    const page = await this.#admin.events(box, { video_id: this.#video.id }, { cursor: older ? known.cursor : undefined, limit: PAGE });
    const fresh = new Map(page.data.map((event) => [event.id, event]));
    const rest = known.events.filter((event) => !fresh.has(event.id));
    known.events = [...page.data, ...rest].sort((a, b) => (a.id < b.id ? 1 : -1));
    // Why: the first page read anew says nothing of what is behind the older ones.
    if (older || known.cursor === undefined) known.cursor = page.next_cursor;
    for (const [id, event] of fresh) this.#entries.get(id)?.update(event);
  }

  #draw() {
    const events = Object.entries(this.#boxes).flatMap(([box, { events: all }]) => all.map((event) => ({ box, event, at: event.received_at ?? event.created_at })));
    // What is older than the oldest event that was read has its place behind those that were not.
    const cut = Object.values(this.#boxes).filter(({ cursor }) => cursor).map(({ events: all }) => all.at(-1)).filter(Boolean);
    const oldest = Math.max(0, ...cut.map((event) => Date.parse(event.received_at ?? event.created_at)));
    const all = [...events, ...ownTimes(this.#video)].filter((one) => Date.parse(one.at) >= oldest);
    all.sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
    this.#more.hidden = cut.length === 0;
    const items = all.map((one) => (one.event ? this.#entryOf(one.box, one.event).element : ownItem(one)));
    // Why not all anew: an opened event would close, and lose the focus.
    if (items.length !== this.#list.children.length || items.some((item, at) => this.#list.children[at] !== item)) this.#place(items);
  }

  #place(items) {
    const held = this.#list.contains(document.activeElement) ? document.activeElement : null;
    fill(this.#list, items);
    held?.focus({ preventScroll: true });
  }

  #entryOf(box, event) {
    if (!this.#entries.has(event.id)) this.#entries.set(event.id, new Entry(this.#admin, box, event));
    return this.#entries.get(event.id);
  }
}

function ownItem({ at, title, icon: name }) {
  return h('li', {}, h('span', { class: 'dot' }, icon(name)), h('div', { class: 'happened' }, h('span', {}, title), h('span', { class: 'when' }, exactTime(at))));
}

/** One event; its body is read when it is opened. */
class Entry {
  #pill = h('span');
  #error = h('span', { class: 'hint' });
  #view = null;

  constructor(admin, box, event) {
    const where = box === 'in' ? `from ${event.provider}` : `to ${event.endpoint}`;
    const summary = h('summary', {}, h('span', { class: 'visually-hidden' }, `${BOX_NAMES[box]}: `), h('code', {}, event.type || 'no type'), this.#pill,
      h('span', { class: 'when' }, agoTime(event.received_at ?? event.created_at)), h('span', { class: 'hint' }, where), this.#error);
    const details = h('details', {}, summary);
    details.addEventListener('toggle', () => {
      if (!details.open || this.#view) return;
      this.#view = new EventView(admin, box, event, { onReplayed: (next) => this.update(next) });
      details.append(this.#view.element);
      this.#view.load();
    });
    this.element = h('li', { 'data-box': box }, h('span', { class: 'dot' }, icon(box === 'in' ? 'into' : 'out')), details);
    this.update(event);
  }

  update(event) {
    fill(this.#pill, statePill(event.state));
    this.#error.textContent = event.error ?? '';
    this.#error.hidden = !event.error;
  }
}
