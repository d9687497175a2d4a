// The calls for administrators, and what they call the two queues of events.

/** The two boxes of events: events that came from providers, and events for the application. */
export const BOXES = {
  in: { path: 'v1/admin/webhook-events', states: ['pending', 'applied', 'ignored', 'parked', 'failed', 'given_up'] },
  out: { path: 'v1/admin/outgoing-events', states: ['pending', 'delivered', 'given_up'] },
};

/** Names of states, in both boxes. */
export const STATES = {
  pending: 'Pending', applied: 'Applied', ignored: 'Ignored', parked: 'Parked', failed: 'Failed', given_up: 'Given up', delivered: 'Delivered',
};

/** Conditions that lists and replays take. */
export const CONDITIONS = ['state', 'type', 'provider', 'video_id', 'since', 'until'];

/** The calls of `/v1/admin`. `box` is `in` or `out`, `filter` an object of `CONDITIONS`. */
export class AdminApi {
  #api;

  constructor(api) {
    this.#api = api;
  }

  overview() { return this.#api.json('GET', 'v1/admin/overview'); }
  setup() { return this.#api.json('GET', 'v1/admin/setup'); }
  move(id, provider) { return this.#api.json('POST', `v1/admin/videos/${id}/move`, { body: { provider } }); }
  refresh(id) { return this.#api.json('POST', `v1/admin/videos/${id}/refresh`); }

  /** A page of events, newest first: `{data, next_cursor}`. It may be short, even empty, and still have a cursor. */
  events(box, filter, { cursor, limit } = {}) {
    const query = new URLSearchParams(Object.entries(filter));
    if (cursor) query.set('cursor', cursor);
    if (limit) query.set('limit', limit);
    return this.#api.json('GET', `${BOXES[box].path}?${query}`);
  }

  event(box, id) { return this.#api.json('GET', `${BOXES[box].path}/${id}`); }
  replay(box, id) { return this.#api.json('POST', `${BOXES[box].path}/${id}/replay`); }

  /** At most 10,000 events of those that match: `{matched, replayed, without_body, more, next_cursor}`. */
  replayMany(box, filter, { dryRun, cursor }) {
    const body = { ...filter, dry_run: dryRun };
    if (cursor) body.cursor = cursor;
    return this.#api.json('POST', `${BOXES[box].path}/replay`, { body });
  }
}
