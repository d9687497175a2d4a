// When the addresses of a playback are renewed.

/** Never sooner, whatever a playback says: a wrong clock or a wrong answer must not loop. */
const LEAST_MS = 2000;
/** The same, where the clock is wrong. */
const LEAST_WRONG_MS = 30_000;
/** The longest time that setTimeout takes. */
const LONGEST_MS = 2 ** 31 - 1;
const FIRST_RETRY_MS = 15_000;
const LAST_RETRY_MS = 300_000;

/**
 * Returns the milliseconds until the renewal; `Infinity` where the addresses have no end. `now`: the time of the answer by
 * the server's clock where it is known, else by this one.
 *
 * A clock that is ahead sees `refresh_after` in the past. Then the time between `refresh_after` and `expires_at` is used:
 * a fresh answer is valid for longer than that. A clock that is behind renews too late: then the stream fails, and the
 * player asks for another playback.
 */
export function renewalDelay({ refresh_after: refresh, expires_at: end }, now) {
  if (!refresh) return Infinity;
  const left = Date.parse(refresh) - now;
  if (left > 0) return Math.max(left, LEAST_MS);
  return Math.max(Date.parse(end) - Date.parse(refresh) || 0, LEAST_WRONG_MS);
}

/** Calls `renew` when it is time, also after the machine has slept. */
export class RenewalTimer {
  #renew;
  #timer = 0;
  #due = Infinity;
  #retry = FIRST_RETRY_MS;

  constructor(renew) {
    this.#renew = renew;
    globalThis.document?.addEventListener('visibilitychange', this.check);
  }

  plan(delay) {
    this.#retry = FIRST_RETRY_MS;
    this.#wait(delay);
  }

  /** Waits until the page is seen again. */
  hold() {
    this.#due = Date.now();
  }

  /** Tries again later, less and less often. */
  again() {
    this.#wait(this.#retry);
    this.#retry = Math.min(this.#retry * 2, LAST_RETRY_MS);
  }

  /** Why: timers sleep while the machine does, and are rare in a hidden tab. */
  check = () => {
    if (Date.now() >= this.#due && document.visibilityState === 'visible') this.#fire();
  };

  close() {
    clearTimeout(this.#timer);
    document.removeEventListener('visibilitychange', this.check);
  }

  #wait(delay) {
    clearTimeout(this.#timer);
    this.#due = Date.now() + delay;
    if (delay < Infinity) this.#timer = setTimeout(() => this.#tick(), Math.min(delay, LONGEST_MS));
  }

  #tick() {
    if (Date.now() < this.#due) this.#wait(this.#due - Date.now());
    else this.#fire();
  }

  #fire() {
    clearTimeout(this.#timer);
    this.#due = Infinity;
    this.#renew();
  }
}
