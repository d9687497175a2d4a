// The state of the service: alerts first, then everything else. The page renews itself while it is visible.

import { AdminApi, STATES } from './admin_api.js';
import { findAlerts } from './alerts.js';
import { announce, fill, h } from './dom.js';
import { bytes } from './format.js';
import { icon } from './icons.js';
import { agoTime, count, exact, exactTime, span } from './times.js';
import { problemBox } from './words.js';

/** Time between two readings. */
const EVERY_MS = 5000;

/** `{element, title, close()}`. */
export function healthPage({ api }) {
  const page = new HealthPage(new AdminApi(api));
  page.read();
  return page;
}

class HealthPage {
  title = 'Health';
  #admin;
  #timer = 0;
  #closed = false;
  #shown = '';
  #note = h('div');
  #alerts = h('div', { class: 'alerts' });
  #calm = h('div', { class: 'calm' });
  #read = h('p', { class: 'hint' });

  constructor(admin) {
    this.#admin = admin;
    this.element = h('div', { class: 'page wide-page', 'aria-busy': 'true' },
      h('div', { class: 'section-head' }, h('h1', { tabindex: '-1' }, 'Health'),
        h('button', { type: 'button', class: 'quiet small', onclick: () => this.read() }, icon('refresh'), 'Read now')),
      this.#read, this.#note, this.#alerts, this.#calm);
    fill(this.#read, 'Reading…');
    document.addEventListener('visibilitychange', this.#seen);
  }

  async read() {
    clearTimeout(this.#timer);
    try {
      const overview = await this.#admin.overview();
      if (this.#closed) return;
      fill(this.#note);
      this.#draw(overview);
    } catch (error) {
      if (this.#closed) return;
      fill(this.#note, problemBox(error, { retry: () => this.read() }));
      // Why: what is shown is not how it is any more.
      this.#alerts.dataset.old = this.#calm.dataset.old = 'true';
    } finally {
      this.element.removeAttribute('aria-busy');
      this.#wait();
    }
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    document.removeEventListener('visibilitychange', this.#seen);
  }

  #seen = () => {
    if (document.visibilityState === 'visible') this.read();
    else clearTimeout(this.#timer);
  };

  #wait() {
    clearTimeout(this.#timer);
    if (!this.#closed && document.visibilityState === 'visible') this.#timer = setTimeout(() => this.read(), EVERY_MS);
  }

  #draw(overview) {
    const { fleet, process } = overview;
    this.#alerts.dataset.old = this.#calm.dataset.old = 'false';
    fill(this.#read, 'Read ', h('time', { datetime: fleet.at }, exact(fleet.at)), ' · answered by process ', h('code', {}, process.replica_id.slice(-8)), ` of release ${process.version} · renews itself every ${EVERY_MS / 1000} s`);
    const alerts = findAlerts(overview);
    const said = alerts.map((one) => one.title).join(' ');
    this.#keepFocus(this.#alerts, () => fill(this.#alerts, alerts.length > 0 ? alerts.map(alertBox) : allWell()));
    this.#keepFocus(this.#calm, () => fill(this.#calm, queues(fleet), replicas(fleet, process), calls(process), local(process)));
    // Why not every time: a screen reader speaks what is new alone.
    const numberless = said.replace(/[\d,.]+/g, '');
    if (numberless !== this.#shown && this.#shown !== '') announce(said || 'Nothing needs you now.');
    this.#shown = numberless || ' ';
  }

  /** Draws anew; the link or the region that had the focus has it again. */
  #keepFocus(place, draw) {
    const all = () => [...place.querySelectorAll('a, [tabindex]')];
    const at = all().indexOf(document.activeElement);
    draw();
    if (at >= 0) all()[at]?.focus({ preventScroll: true });
  }
}

function alertBox({ level, title, remedy, href, link }) {
  return h('div', { class: 'alert', 'data-level': level }, icon('warning'), h('div', {}, h('h2', {}, title), h('p', {}, remedy), href ? h('a', { href }, link) : null));
}

function allWell() {
  return h('div', { class: 'alert', 'data-level': 'good' }, icon('check'), h('div', {}, h('h2', {}, 'Nothing needs you now.')));
}

/** A titled table that scrolls by itself where it is wider than the page. */
function table(title, heads, rows, none) {
  const body = rows.length > 0
    ? h('div', { class: 'scrolls', tabindex: '0', role: 'region', 'aria-label': title }, h('table', {}, h('thead', {}, h('tr', {}, heads.map((head) => h('th', { scope: 'col' }, head)))),
      h('tbody', {}, rows.map((cells) => h('tr', {}, cells.map((cell, at) => h(at === 0 ? 'th' : 'td', at === 0 ? { scope: 'row' } : {}, cell)))))))
    : h('p', { class: 'hint' }, none);
  return h('section', { class: 'panel plain' }, h('h2', {}, title), body);
}

function queues(fleet) {
  const row = (box, name) => (depth) => [h('a', { href: `#/events?${box === 'out' ? 'box=out&' : ''}state=${depth.state}` }, `${name}, ${STATES[depth.state].toLowerCase()}`),
    depth.more ? `more than ${count(depth.count)}` : count(depth.count), depth.oldest_age_s === null ? '' : span(depth.oldest_age_s)];
  return table('Events that wait', ['Queue', 'Events', 'Age of the oldest'], [...fleet.inbox.map(row('in', 'Inbox')), ...fleet.outbox.map(row('out', 'Outbox'))], '');
}

function replicas(fleet, process) {
  return table('Processes', ['Process', 'Release', 'Started', 'Seen'], fleet.replicas.map((one) => [
    h('span', {}, h('code', {}, one.id.slice(-8)), one.id === process.replica_id ? ' (answers)' : ''), one.version, exactTime(one.started_at), agoTime(one.renewed_at),
  ]), 'No process has said yet that it serves.');
}

function calls(process) {
  const lag = new Map(process.webhook_lag.map((one) => [one.provider, one]));
  const names = [...new Set([...process.provider_calls.map((one) => one.provider), ...lag.keys()])].sort();
  const results = (name) => process.provider_calls.filter((one) => one.provider === name).map((one) => `${count(one.count)} ${one.result.replace('_', ' ')}`).join(', ');
  return table('Providers, since this process started', ['Provider', 'Calls by result', 'Events applied', 'Mean time until then'], names.map((name) => [
    name, results(name) || 'none', count(lag.get(name)?.applied ?? 0), lag.has(name) ? `${lag.get(name).mean_s.toFixed(1)} s` : '',
  ]), 'This process has called no provider yet.');
}

function local(process) {
  const rows = [['Open event streams', count(process.event_streams)]];
  if (process.local) {
    const jobs = process.local.jobs.map((one) => `${count(one.count)} ${one.kind} ${one.result.replace('_', ' ')}`).join(', ');
    rows.push(['Jobs of the built-in provider under way', count(process.local.jobs_running)], ['Jobs that ended', jobs || 'none'],
      ['Free on its disk', bytes(process.local.disk_free_bytes)]);
  }
  return table('This process', ['What', 'Now'], rows, '');
}
