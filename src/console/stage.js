// The place where a video is: its upload while it is sent, what is being done to it, and at last the player.

import { announce, fill, h } from './dom.js';
import { icon } from './icons.js';
import { failureScene } from './failure_scene.js';
import { Theatre } from './theatre.js';
import { progress } from './progress.js';
import { STATUS } from './words.js';

/** `element`, `update(video, upload)`, `pictures(url)`, `time` and `close()`. */
export class Stage {
  #context;
  #kind = '';
  #part = null;

  /** `context`: api, session, uploads, onCancel() and onCancelFailed(error). */
  constructor(context) {
    this.#context = context;
    this.element = h('div', { class: 'stage' });
    this.theatre = new Theatre(context.api, this.element);
  }

  /** Gives what is shown now: a status, or `sending`. */
  update(video, upload) {
    const kind = kindOf(video, upload);
    if (kind === 'ready') this.theatre.learn(video);
    if (kind === this.#kind) return kind;
    const before = this.#kind;
    const held = this.element.contains(document.activeElement);
    this.close();
    this.#kind = kind;
    this.element.dataset.kind = kind;
    fill(this.element, this.#make(kind, video, upload));
    // Why: the button that had the focus is gone with what was shown.
    if (held) (this.element.querySelector('button, a') ?? document.querySelector('h1')).focus({ preventScroll: true });
    if (before && kind !== 'sending') announce(`${video.title || 'The video'}: ${STATUS[kind]}.`);
    return kind;
  }

  /** The picture before the video plays; null where there is none. */
  picture(url) { this.theatre.picture(url); }

  /** The second that the player shows; null while it does not play. */
  get time() { return this.theatre.time; }

  close() {
    this.#part?.close();
    this.#part = null;
    this.theatre.close();
  }

  #make(kind, video, upload) {
    const { onCancel, session, uploads } = this.#context;
    const cancel = session.mayCancelThis(video) && session.can(video.provider, 'cancel') && h('button', { type: 'button', class: 'quiet', onclick: onCancel }, icon('close'), 'Cancel this upload');
    switch (kind) {
      case 'sending':
      case 'stopped':
        this.#part = progress(upload, { uploads, onCancelFailed: this.#context.onCancelFailed });
        return h('div', { class: 'scene' }, h('p', { class: 'scene-title' }, kind === 'sending' ? 'Uploading' : 'The upload has stopped'), this.#part.element);
      case 'ready':
        if (!session.mayPlayThis(video)) return scene('film', 'Ready', 'The video plays, but not with this token.');
        return this.theatre.offer(video);
      case 'created':
      case 'waiting':
        return scene('clock', 'Waiting for the file', 'The upload was begun, but this page is not the one that sends it. When the file arrives, this page shows it.', cancel);
      case 'preparing':
        return scene('film', 'Preparing your video', 'This takes a moment. The page follows by itself; you can also leave and come back.', h('div', { class: 'shimmer', role: 'presentation' }));
      case 'errored': return failureScene(video.error, this.#again());
      case 'cancelled': return scene('ban', 'This upload was cancelled', 'Nothing was kept of it.', this.#again());
      case 'expired': return scene('clock', 'Nobody sent a file in time', 'The upload address has expired.', this.#again());
      case 'deleting': return scene('trash', 'Being deleted', 'It plays no more. As soon as the provider confirms, it leaves the list.');
      default: return scene('trash', 'Deleted', 'This video is gone.');
    }
  }

  #again() {
    return this.#context.session.mayUpload && h('a', { class: 'button', href: '#/' }, icon('upload'), 'Upload another');
  }
}

/** What the stage shows. An upload of this tab says more than the service can know. */
function kindOf(video, upload) {
  const early = ['created', 'waiting'].includes(video.status);
  if (upload && early && upload.state === 'done') return 'preparing';
  if (upload && early && upload.state !== 'cancelled') return upload.state === 'failed' ? 'stopped' : 'sending';
  return video.status;
}

function scene(picture, title, text, ...more) {
  return h('div', { class: 'scene' }, h('span', { class: 'scene-icon' }, icon(picture)),
    h('p', { class: 'scene-title' }, title), h('p', { class: 'scene-text' }, text), ...more);
}
