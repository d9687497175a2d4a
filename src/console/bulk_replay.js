// Many events once more: first how many they are, then the question, then the work, then what is left.

import { sayFilter } from './event_filter.js';
import { announce, fill, h } from './dom.js';
import { icon } from './icons.js';
import { counted } from './times.js';
import { problemBox } from './words.js';

const NOTHING = { matched: 0, replayed: 0, without_body: 0 };

/** The button and what comes of it. `current()` gives `{box, filter}`; `onDone()` hears when events were replayed. */
export class BulkReplay {
  #admin;
  #current;
  #onDone;
  /** Grows when what runs is no longer wanted. */
  #round = 0;
  #button = h('button', { type: 'button', onclick: () => this.#begin() }, icon('refresh'), 'Replay all that match');
  #hint = h('p', { class: 'hint' });
  #told = h('div', { class: 'told' });

  constructor(admin, { current, onDone }) {
    this.#admin = admin;
    this.#current = current;
    this.#onDone = onDone;
    this.element = h('div', { class: 'bulk' }, h('div', { class: 'actions' }, this.#button, this.#hint), this.#told);
    this.update();
  }

  /** After another filter was chosen. */
  update() {
    this.#round += 1;
    const { filter } = this.#current();
    const free = Object.keys(filter).length === 0;
    this.#button.disabled = free;
    this.#hint.textContent = free ? 'Choose a condition above to replay many events at once.' : '';
    fill(this.#told);
  }

  close() { this.#round += 1; }

  async #begin() {
    const { box, filter } = this.#current();
    const round = this.#round;
    this.#button.disabled = true;
    try {
      const found = await this.#run(box, filter, true, 'Counting');
      if (!found || found.matched === 0) return found && this.#tell('No event matches.');
      if (!(await this.#sure(box, filter, found))) return fill(this.#told);
      const done = await this.#run(box, filter, false, 'Replaying');
      if (!done) return undefined;
      const left = await this.#run(box, filter, true, 'Counting what is left');
      if (left) this.#report(box, filter, done, left);
      this.#onDone();
      return undefined;
    } catch (error) {
      return fill(this.#told, problemBox(error, { retry: () => this.#begin(), label: 'Go on' }));
    } finally {
      if (round === this.#round) this.#button.disabled = false;
      if (round === this.#round && document.activeElement === document.body) this.#button.focus({ preventScroll: true });
    }
  }

  /** Follows the cursor to the end; null where the page was left or another filter was chosen meanwhile. */
  async #run(box, filter, dryRun, word) {
    const sum = { ...NOTHING };
    const round = this.#round;
    let cursor;
    do {
      this.#tell(`${word}: ${counted(dryRun ? sum.matched : sum.replayed, 'event')} so far…`, true);
      const part = await this.#admin.replayMany(box, filter, { dryRun, cursor });
      if (round !== this.#round) return null;
      for (const name of Object.keys(sum)) sum[name] += part[name];
      cursor = part.more ? part.next_cursor : null;
    } while (cursor);
    return sum;
  }

  async #sure(box, filter, { matched }) {
    const { confirm } = await import('./dialog.js');
    const what = box === 'in' ? 'Each is applied once more. One that was applied already changes nothing.' : 'Each is sent to its endpoint once more, under the same id. An endpoint that was disabled is enabled.';
    return confirm({
      title: `Replay ${counted(matched, 'event')}?`,
      text: `${what} Events whose content is gone stay as they are. Condition: ${sayFilter(filter)}.`,
      yes: `Replay ${counted(matched, 'event')}`,
      no: 'Not now',
    });
  }

  #report(box, filter, done, left) {
    const other = done.matched - done.replayed - done.without_body;
    const lines = [
      `${counted(done.replayed, 'event is', 'events are')} due once more.`,
      done.without_body > 0 && `${counted(done.without_body, 'event has', 'events have')} no content any more, and stay as before.`,
      other > 0 && `${counted(other, 'event was', 'events were')} in another process’s hands.`,
      left.matched > 0 ? `${counted(left.matched, 'event matches', 'events match')} the condition now.` : 'No event matches the condition any more.',
    ].filter(Boolean);
    const again = h('button', { type: 'button', class: 'quiet small', onclick: () => this.#countAgain(box, filter, done) }, 'Count again');
    fill(this.#told, h('div', { class: 'done' }, icon('check'), h('ul', {}, lines.map((line) => h('li', {}, line))), again));
    announce(lines.join(' '));
  }

  async #countAgain(box, filter, done) {
    try {
      const left = await this.#run(box, filter, true, 'Counting what is left');
      if (left) this.#report(box, filter, done, left);
      this.#told.querySelector('button')?.focus({ preventScroll: true });
    } catch (error) {
      fill(this.#told, problemBox(error));
    }
  }

  #tell(text, busy = false) {
    fill(this.#told, h('p', { class: busy ? 'hint busy' : 'hint', role: 'status' }, text));
  }
}
