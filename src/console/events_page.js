// Inbox and outbox: found by conditions that stand in the address, seen one by one, replayed one by one or many at once.

import { writeAddress } from './address.js';
import { AdminApi } from './admin_api.js';
import { BulkReplay } from './bulk_replay.js';
import { fill, h } from './dom.js';
import { EventList } from './event_list.js';
import { EventView, statePill } from './event_view.js';
import { FilterForm, readFilter, sayFilter, writeFilter } from './event_filter.js';
import { problemBox } from './words.js';

const TABS = [['in', 'From providers'], ['out', 'For the application']];

/** `{element, title, close()}`. */
export function eventsPage({ api, query }) {
  const admin = new AdminApi(api);
  const first = readFilter(query);
  const { box } = first;
  let { filter } = first;
  const shown = query.get('event');
  const list = new EventList(admin, box);
  const bulk = new BulkReplay(admin, { current: () => ({ box, filter }), onDone: () => list.load(filter) });
  const said = h('p', { class: 'hint', 'aria-live': 'polite' });
  const form = new FilterForm(box, filter, {
    onChange(next) {
      filter = next;
      // Why pushed: "back" leads to the conditions before.
      history.pushState(history.state, '', writeAddress('events', writeFilter({ box, filter })));
      draw();
    },
  });
  const tabs = h('nav', { class: 'tabs', 'aria-label': 'Boxes' });

  function draw() {
    fill(tabs, TABS.map(([name, label]) => h('a', { href: tabAddress(name, box, filter), 'aria-current': name === box ? 'page' : null }, label)));
    said.textContent = sayFilter(filter) ? `Shown: ${sayFilter(filter)}.` : '';
    bulk.update();
    list.load(filter);
  }

  draw();
  return {
    title: 'Events',
    element: h('div', { class: 'page wide-page' }, h('h1', { tabindex: '-1' }, 'Events'), tabs,
      shown ? oneEvent(admin, box, shown) : null, form.element, said, bulk.element, list.element),
    close() {
      list.close();
      bulk.close();
    },
  };
}

/** The same conditions in the other box: without those that it does not have. */
function tabAddress(name, box, filter) {
  const rest = Object.fromEntries(Object.entries(filter).filter(([name]) => !['state', 'type'].includes(name)));
  return writeAddress('events', writeFilter({ box: name, filter: name === box ? filter : rest }));
}

/** The one event that the address names. */
function oneEvent(admin, box, id) {
  const place = h('section', { class: 'panel plain', 'aria-label': 'The event of the address', 'aria-busy': 'true' });
  const read = async () => {
    try {
      const event = await admin.event(box, id);
      const head = h('div', { class: 'section-head' });
      const title = (one) => fill(head, h('h2', {}, h('code', {}, one.type || 'no type')), statePill(one.state));
      title(event);
      fill(place, head, new EventView(admin, box, event, { onReplayed: title }).element);
    } catch (error) {
      fill(place, error.status === 404 ? h('p', {}, 'There is no such event any more.') : problemBox(error, { retry: read }));
    } finally {
      place.removeAttribute('aria-busy');
    }
  };
  read();
  return place;
}
