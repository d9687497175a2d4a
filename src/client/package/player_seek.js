// The seek bar of <yourbit-player>, with previews of the storyboard.

import { fill, h } from './element.js';

const PREVIEW_PX = 160;
/** Steps of the bar. */
const STEPS = 1000;

/** `elements`: the bar, the time and the preview. */
export class SeekBar {
  #media;
  #previewAt;
  #labels;
  #bar = h('input', { type: 'range', class: 'seek', part: 'seek', min: 0, max: STEPS, step: 1, value: 0 });
  #now = document.createTextNode('0:00');
  #all = document.createTextNode('');
  #picture = h('div', {});
  #second = h('span', {});
  #preview = h('div', { class: 'preview', part: 'preview', hidden: true, 'aria-hidden': 'true' }, this.#picture, this.#second);

  constructor(media, previewAt, labels) {
    this.#media = media;
    this.#previewAt = previewAt;
    const time = h('span', { class: 'time', part: 'time' }, this.#now, h('i', {}, ' / ', this.#all));
    time.querySelector('i').style.fontStyle = 'normal';
    this.elements = [time, this.#bar, this.#preview];
    this.#bar.addEventListener('input', () => this.#seek());
    this.#bar.addEventListener('pointermove', (event) => this.#show(event));
    this.#bar.addEventListener('pointerleave', () => { this.#preview.hidden = true; });
    for (const name of ['timeupdate', 'durationchange', 'seeking', 'emptied']) media.addEventListener(name, () => this.draw());
    this.translate(labels);
  }

  translate(labels) {
    this.#labels = labels;
    this.#bar.setAttribute('aria-label', labels.seek);
    this.draw();
  }

  draw() {
    const { currentTime } = this.#media;
    const duration = this.#duration;
    this.#bar.disabled = duration === 0;
    this.#bar.value = duration ? Math.round((currentTime / duration) * STEPS) : 0;
    this.#now.data = clock(currentTime);
    this.#all.data = clock(duration);
    this.#bar.setAttribute('aria-valuetext', fill(this.#labels.position, { at: clock(currentTime), duration: clock(duration) }));
  }

  get #duration() {
    const { duration } = this.#media;
    return Number.isFinite(duration) ? duration : 0;
  }

  #seek() {
    this.#media.currentTime = (this.#bar.valueAsNumber / STEPS) * this.#duration;
  }

  /** The frame under the pointer, above the bar and inside of the player. */
  #show({ offsetX }) {
    const { offsetWidth: width, offsetLeft: left } = this.#bar;
    const seconds = Math.min(Math.max(offsetX / width, 0), 1) * this.#duration;
    const frame = this.#duration > 0 ? this.#previewAt(seconds) : null;
    this.#preview.hidden = !frame;
    if (!frame) return;
    const scale = PREVIEW_PX / Math.max(frame.width, frame.height);
    Object.assign(this.#picture.style, {
      width: `${frame.width}px`, height: `${frame.height}px`, zoom: String(scale),
      backgroundImage: `url("${frame.url}")`, backgroundPosition: `-${frame.x}px -${frame.y}px`,
    });
    this.#second.textContent = clock(seconds);
    const most = this.#preview.parentElement.offsetWidth - this.#preview.offsetWidth;
    this.#preview.style.left = `${Math.min(Math.max(left + offsetX - this.#preview.offsetWidth / 2, 0), most)}px`;
  }
}

/** 3725 → "1:02:05" */
export function clock(seconds) {
  const whole = Math.floor(seconds || 0);
  const two = (value) => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}
