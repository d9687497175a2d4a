// Asks again and again while the page is looked at: soon after a change, seldom where nothing happens.

import { onChangeElsewhere } from './news.js';

const SHORTEST_MS = 1500;
const LONGEST_MS = 30_000;

export class Follower {
  #ask;
  #timer = 0;
  #wait = SHORTEST_MS;
  #isRunning = false;
  #isAsking = false;
  #isStale = false;
  #endNews = null;
  #seen = () => (document.visibilityState === 'visible' ? this.now() : clearTimeout(this.#timer));

  /** `ask()` gives `{news, unfinished}`: whether something has changed, and whether more is to be expected soon. */
  constructor(ask) {
    this.#ask = ask;
  }

  /** From now on; the first time in a moment. */
  start({ unfinished = true } = {}) {
    if (!this.#isRunning) {
      this.#isRunning = true;
      document.addEventListener('visibilitychange', this.#seen);
      this.#endNews = onChangeElsewhere(() => this.now());
    }
    this.#in(unfinished ? SHORTEST_MS : LONGEST_MS);
  }

  stop() {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    clearTimeout(this.#timer);
    document.removeEventListener('visibilitychange', this.#seen);
    this.#endNews();
  }

  /** At once; again afterwards where a question is already under way, whose answer may be older. */
  async now() {
    if (!this.#isRunning || document.visibilityState === 'hidden') return;
    if (this.#isAsking) {
      this.#isStale = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#isAsking = true;
    try {
      const { news, unfinished } = await this.#ask();
      if (news) this.#wait = SHORTEST_MS;
      else this.#wait = unfinished ? Math.min(this.#wait * 1.3, LONGEST_MS) : LONGEST_MS;
    } catch {
      this.#wait = Math.min(this.#wait * 2, LONGEST_MS);
    } finally {
      this.#isAsking = false;
    }
    if (this.#isStale) {
      this.#isStale = false;
      return this.now();
    }
    this.#in(this.#wait);
  }

  #in(wait) {
    clearTimeout(this.#timer);
    this.#wait = wait;
    if (this.#isRunning && document.visibilityState !== 'hidden') this.#timer = setTimeout(() => this.now(), wait);
  }
}
