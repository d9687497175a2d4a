// Numbers and times as people read them.

const SIZES = ['bytes', 'KB', 'MB', 'GB', 'TB'];

/** 31457280 → "31.5 MB". */
export function bytes(count) {
  let [value, at] = [count, 0];
  while (value >= 1000 && at < SIZES.length - 1) [value, at] = [value / 1000, at + 1];
  const digits = at === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${SIZES[at]}`;
}

/** 83.4 → "1:23". */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (number) => String(number).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** 83.4 → "about 1 min left". */
export function timeLeft(seconds) {
  if (seconds === null || !Number.isFinite(seconds)) return '';
  if (seconds < 1.5) return 'a second left';
  if (seconds < 60) return `${Math.ceil(seconds)} s left`;
  if (seconds < 3600) return `about ${Math.round(seconds / 60)} min left`;
  return `about ${(seconds / 3600).toFixed(1)} h left`;
}

const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const DAY = new Intl.DateTimeFormat('en', { dateStyle: 'medium' });
const MOMENT = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' });

/** "5 minutes ago", "yesterday", and the date from a week on. */
export function ago(time) {
  const seconds = (Date.parse(time) - Date.now()) / 1000;
  if (seconds > -45) return 'just now';
  if (seconds > -3600) return RELATIVE.format(Math.round(seconds / 60), 'minute');
  if (seconds > -86_400) return RELATIVE.format(Math.round(seconds / 3600), 'hour');
  if (seconds > -7 * 86_400) return RELATIVE.format(Math.round(seconds / 86_400), 'day');
  return DAY.format(new Date(time));
}

/** "22 Nov 2026, 21:44". */
export const moment = (time) => MOMENT.format(new Date(time));

/** "my-first_clip.final.mp4" → "my first clip.final". */
export function titleOf(filename) {
  return filename.replace(/\.[^.]{1,5}$/, '').replace(/[_-]+/g, ' ').trim().slice(0, 200) || filename;
}
