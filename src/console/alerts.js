// Alerts of the overview: what an operator must act on, each with its remedy in a sentence.

import { bytes } from './format.js';
import { count, counted, span } from './times.js';

/** Results of calls that failed. The others are answers of the provider. */
const FAILED = ['outage', 'refused', 'invalid', 'no_ledger'];
/** The share of such calls from which on they are told. */
const LEAST_SHARE = 0.05;
/** Seconds after which a pending event is late. */
const LATE_IN_S = 60;
const LATE_OUT_S = 300;

/** `{level, title, remedy, href, link}` of each, the worst first. `level` is `bad` or `warn`. */
export function findAlerts({ fleet, process }) {
  const all = [...halted(fleet), ...disk(process), ...events(fleet), ...endpoints(fleet), ...calls(process), ...versions(fleet)];
  return [...all.filter((one) => one.level === 'bad'), ...all.filter((one) => one.level === 'warn')];
}

function halted(fleet) {
  const providers = [...new Set(fleet.halted.map((one) => one.provider))];
  return providers.map((provider) => ({
    level: 'bad',
    title: `Nothing is asked of ${provider} any more: it knew none of several videos that must exist.`,
    remedy: `Look at the account and the credentials of ${provider}; “yourbit-video check” tries them. It goes on by itself when the provider knows them again.`,
    href: '#/setup', link: 'Look at the setup',
  }));
}

function disk(process) {
  if (!process.local?.disk_full) return [];
  return [{
    level: 'bad',
    title: `The disk of the built-in provider is full: ${bytes(process.local.disk_free_bytes)} are free, and uploads are refused.`,
    remedy: 'Delete videos, make the disk larger, or lower local.min_free_bytes.',
    href: '#/', link: 'Look at the videos',
  }];
}

const PENDING = 'Look at the log of the processes: the database may be slow, or a provider may not answer.';

/** Box, state → level, words, remedy; `least`: the age in seconds from which on it is told. */
const QUEUES = [
  ['in', 'failed', 'bad', 'webhook event could not be read', 'webhook events could not be read', 'Look at the error of one, mend the map, reload, then replay them.'],
  ['in', 'given_up', 'bad', 'webhook event was given up', 'webhook events were given up', 'Look at the error of one, mend its cause, then replay them.'],
  ['out', 'given_up', 'bad', 'event for the application was given up', 'events for the application were given up', 'Mend the endpoint, then replay them.'],
  ['in', 'pending', 'warn', 'webhook event waits', 'webhook events wait', PENDING, LATE_IN_S],
  ['out', 'pending', 'warn', 'event for the application waits', 'events for the application wait', 'The endpoint may not answer, or answers with an error: look at the error of one.', LATE_OUT_S],
  ['in', 'parked', 'warn', 'webhook event belongs to no video here', 'webhook events belong to no video here', 'Videos that were made elsewhere can be adopted. Else they are given up after inbox.park_for_h.'],
];

function events(fleet) {
  const depths = { in: fleet.inbox, out: fleet.outbox };
  return QUEUES.flatMap(([box, state, level, one, many, remedy, least = 0]) => {
    const depth = depths[box].find((depth) => depth.state === state);
    if (!depth?.count || depth.oldest_age_s < least) return [];
    const more = depth.more ? 'More than ' : '';
    const age = depth.oldest_age_s === null ? '' : `; the oldest is ${span(depth.oldest_age_s)} old`;
    const query = new URLSearchParams({ state, ...(box === 'out' ? { box } : {}) });
    return [{ level, title: `${more}${counted(depth.count, one, many)}${age}.`, remedy, href: `#/events?${query}`, link: 'Look at the events' }];
  });
}

function endpoints(fleet) {
  return fleet.disabled_endpoints.map(({ endpoint, disabled_at: at }) => ({
    level: 'bad',
    title: `Nothing is sent to ${endpoint} any more: it answered 410 ${span((Date.now() - Date.parse(at)) / 1000)} ago.`,
    remedy: 'Mend the endpoint, or take it out of events.endpoints. Replaying one of its events enables it again.',
    href: '#/events?box=out&state=given_up', link: 'Look at the events',
  }));
}

/** Calls of the process that answers, since its start. */
function calls(process) {
  const providers = [...new Set(process.provider_calls.map((one) => one.provider))];
  return providers.flatMap((provider) => {
    const own = process.provider_calls.filter((one) => one.provider === provider);
    const sum = (results) => own.filter((one) => results(one.result)).reduce((all, one) => all + one.count, 0);
    const [all, failed, throttled] = [sum(() => true), sum((result) => FAILED.includes(result)), sum((result) => result === 'throttled')];
    const found = [];
    if (failed > 0 && failed / all >= LEAST_SHARE) {
      const kinds = own.filter((one) => FAILED.includes(one.result)).map((one) => `${count(one.count)} ${one.result.replace('_', ' ')}`);
      found.push({ level: 'bad', title: `${count(failed)} of ${counted(all, 'call')} to ${provider} failed since this process started: ${kinds.join(', ')}.`, remedy: `Look at the status page of ${provider}, and at its credentials in the setup.`, href: '#/setup', link: 'Look at the setup' });
    }
    if (throttled > 0 && throttled / all >= LEAST_SHARE) {
      found.push({ level: 'warn', title: `${provider} asked for fewer calls: ${count(throttled)} of ${count(all)} were throttled.`, remedy: 'Lower the rate of its map, or ask the provider for more.', href: '#/setup', link: 'Look at the setup' });
    }
    return found;
  });
}

function versions(fleet) {
  const versions = [...new Set(fleet.replicas.map((one) => one.version))].sort();
  if (versions.length < 2) return [];
  return [{
    level: 'warn',
    title: `Processes of different releases serve: ${versions.join(', ')}.`,
    remedy: 'This is right while an upgrade is under way. Else start the older ones anew with the new release.',
    href: '', link: '',
  }];
}
