// One event of inbox or outbox: its state, its facts, its masked body, and its replay.

import { STATES } from './admin_api.js';
import { copyButton } from './copy.js';
import { announce, fill, h } from './dom.js';
import { icon } from './icons.js';
import { exactTime } from './times.js';
import { problemBox } from './words.js';

const NO_BODY = {
  not_json: 'The content is not JSON, and is not shown.',
  gone: 'The content is gone, with its video or its owner. The event cannot be applied again.',
};

/** The state of an event as a pill. */
export function statePill(state) {
  return h('span', { class: 'pill', 'data-state': state }, STATES[state] ?? state);
}

/** The members of an event with their names, in the order in which people need them. Those without a value are left out. */
function factsOf(box, event) {
  const code = (text) => text && h('span', { class: 'copied' }, h('code', {}, text), copyButton(text, `Copy ${text}`));
  const address = `#/events?${new URLSearchParams({ ...(box === 'out' ? { box } : {}), event: event.id })}`;
  const id = h('span', { class: 'copied' }, h('a', { href: address }, event.id), copyButton(event.id, 'Copy the id of the event'));
  const time = (at) => at && exactTime(at);
  const video = event.video_id && h('span', { class: 'copied' }, h('a', { href: `#/videos/${event.video_id}` }, event.video_id), copyButton(event.video_id, 'Copy the id of the video'));
  const common = [['Video', video], ['Attempts', String(event.attempts)], ['Next attempt', time(event.next_attempt_at)]];
  return box === 'in'
    ? [['Provider', event.provider], ...common, ['Happened', time(event.occurred_at)], ['Received', time(event.received_at)],
      ['Upload at the provider', code(event.upload_id)], ['Asset at the provider', code(event.asset_id)],
      ['Id at the provider', code(event.event_id)], ['Id', id]]
    : [['Endpoint', h('code', {}, event.endpoint)], ...common, ['Answered with status', event.answer_status && String(event.answer_status)],
      ['Written', time(event.created_at)], ['Ended', time(event.finished_at)], ['Version of the video', String(event.version)],
      ['Header webhook-id', code(event.webhook_id)], ['Id', id]];
}

/** Everything about one event. `onReplayed(event)` hears of its new state. */
export class EventView {
  #admin;
  #box;
  #event;
  #onReplayed;
  #problem = h('div');
  #facts = h('dl', { class: 'rows' });
  #error = h('div');
  #body = h('div');
  #replay = h('button', { type: 'button' });

  constructor(admin, box, event, { onReplayed = () => {} } = {}) {
    this.#admin = admin;
    this.#box = box;
    this.#event = event;
    this.#onReplayed = onReplayed;
    fill(this.#replay, icon('refresh'), box === 'in' ? 'Apply it once more' : 'Send it once more');
    this.#replay.addEventListener('click', () => this.#again());
    this.element = h('div', { class: 'event-view' }, this.#error, this.#facts, this.#body, this.#problem, h('div', { class: 'actions' }, this.#replay));
    this.#draw();
  }

  /** Reads the event with its body. */
  async load() {
    this.element.setAttribute('aria-busy', 'true');
    if (this.#event.body_state === undefined) fill(this.#body, h('p', { class: 'hint' }, 'Reading the content…'));
    try {
      this.#event = await this.#admin.event(this.#box, this.#event.id);
      fill(this.#problem);
      this.#draw();
    } catch (error) {
      fill(this.#body);
      fill(this.#problem, problemBox(error, { retry: () => this.load() }));
    } finally {
      this.element.removeAttribute('aria-busy');
    }
  }

  #draw() {
    const event = this.#event;
    fill(this.#error, event.error ? h('div', { class: 'quote' }, h('p', {}, event.error)) : null);
    fill(this.#facts, factsOf(this.#box, event).filter(([, value]) => value).map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));
    this.#replay.hidden = event.body_state === 'gone';
    if (event.body_state === 'masked') fill(this.#body, masked(event.body));
    else if (event.body_state) fill(this.#body, h('p', { class: 'hint' }, NO_BODY[event.body_state]));
  }

  async #again() {
    this.#replay.disabled = true;
    fill(this.#problem);
    try {
      const event = await this.#admin.replay(this.#box, this.#event.id);
      const { body, body_state } = this.#event;
      this.#event = { ...event, body, body_state };
      this.#draw();
      announce(this.#box === 'in' ? 'The event is due and will be applied once more.' : 'The event is due and will be sent once more.');
      this.#onReplayed(event);
    } catch (error) {
      fill(this.#problem, problemBox(error));
    } finally {
      this.#replay.disabled = false;
    }
  }
}

function masked(body) {
  const text = JSON.stringify(body, null, 2);
  return h('div', { class: 'snippet' },
    h('div', { class: 'snippet-head' }, h('p', { class: 'caption' }, 'Content, with secrets masked'), copyButton(text, 'Copy the content')),
    h('pre', { class: 'tall', tabindex: '0', role: 'region', 'aria-label': 'Content' }, h('code', {}, text)));
}
