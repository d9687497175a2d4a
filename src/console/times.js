// Times and spans as operators read them: near ones in words, and each to the second.

import { h } from './dom.js';
import { ago } from './format.js';

const EXACT = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium' });
const UNITS = [['day', 86_400], ['hour', 3600], ['minute', 60], ['second', 1]];

/** "Nov 22, 2026, 9:44:07 PM". */
export const exact = (time) => EXACT.format(new Date(time));

/** A `<time>` to the second. */
export const exactTime = (time) => h('time', { datetime: time }, exact(time));

/** A `<time>` in words; the exact one is shown by pointing at it. */
export const agoTime = (time) => h('time', { datetime: time, title: exact(time) }, ago(time));

/** 7300 → "2 hours". */
export function span(seconds) {
  const [unit, size] = UNITS.find(([, least]) => seconds >= least) ?? UNITS.at(-1);
  const count = Math.max(0, Math.floor(seconds / size));
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/** 12000 → "12,000". */
export const count = (number) => number.toLocaleString('en');

/** "1 event", "2,000 events". */
export const counted = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

/** The value of a `datetime-local` field for a time, in this browser's zone: to the minute, or to the second. */
export function localValue(time, seconds = false) {
  const date = new Date(time);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, seconds ? 19 : 16);
}
