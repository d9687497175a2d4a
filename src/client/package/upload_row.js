// One file in the list of <yourbit-upload>.

import { fill, h, iconButton, setIcon } from './element.js';

const OVER = ['done', 'failed', 'cancelled'];

/** A row that follows an upload. `element` is the list item. */
export class UploadRow {
  #upload;
  #labels;
  #status = h('span', { part: 'status', class: 'status', dir: 'auto' });
  #bar = h('progress', { part: 'progress', max: 1 });
  #pause;
  #end;

  constructor(upload, { labels, onRemove }) {
    this.#upload = upload;
    this.#labels = labels;
    const { name } = upload.file;
    this.#bar.setAttribute('aria-label', fill(labels.progress, { name }));
    this.#pause = iconButton('pause', 'pause', fill(labels.pause, { name }), () => this.#toggle());
    this.#end = iconButton('cancel', 'close', fill(labels.cancel, { name }), () => (OVER.includes(upload.state) ? onRemove() : upload.cancel()));
    this.element = h('li', { part: 'item' },
      h('span', { part: 'name', class: 'name', dir: 'auto', title: name }, name), this.#bar, this.#status,
      h('span', { class: 'buttons' }, this.#pause, this.#end));
    upload.addEventListener('change', () => this.draw());
    this.draw();
  }

  draw() {
    const { state, sent, total, file, canPause } = this.#upload;
    const name = file.name;
    const say = (label) => fill(this.#labels[label], { name });
    this.element.dataset.state = state;
    this.#bar.value = state === 'done' ? 1 : sent / (total || 1);
    this.#bar.hidden = OVER.includes(state);
    const { words } = this;
    if (this.#status.textContent !== words) this.#status.textContent = words;
    if (state === 'failed') setIcon(this.#pause, 'again', say('retry'));
    else if (state === 'paused') setIcon(this.#pause, 'play', say('resume'));
    else setIcon(this.#pause, 'pause', say('pause'));
    this.#pause.hidden = state !== 'failed' && (!canPause || !['sending', 'retrying', 'paused'].includes(state));
    setIcon(this.#end, 'close', say(OVER.includes(state) ? 'remove' : 'cancel'));
  }

  #toggle() {
    const upload = this.#upload;
    if (upload.state === 'failed') upload.retry();
    else if (upload.state === 'paused') upload.resume();
    else upload.pause();
  }

  /** What the row says of the state. */
  get words() {
    const { state, sent, total, secondsLeft, error } = this.#upload;
    if (state === 'failed') return fill(this.#labels[error.reason] ?? error.message, { detail: error.detail }).trim();
    const words = fill(this.#labels[state], { sent: bytes(sent), total: bytes(total) });
    return state === 'sending' && secondsLeft ? `${words} · ${fill(this.#labels.left, { time: duration(secondsLeft) })}` : words;
  }
}

function bytes(count) {
  const at = Math.min(Math.floor(Math.log10(Math.max(count, 1)) / 3), 4);
  const unit = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'][at];
  return new Intl.NumberFormat(undefined, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: at > 1 ? 1 : 0 }).format(count / 1000 ** at);
}

function duration(seconds) {
  const format = (value, unit) => new Intl.NumberFormat(undefined, { style: 'unit', unit, unitDisplay: 'short' }).format(value);
  if (seconds < 90) return format(Math.ceil(seconds), 'second');
  return seconds < 5400 ? format(Math.round(seconds / 60), 'minute') : format(Math.round(seconds / 3600), 'hour');
}
