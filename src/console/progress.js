// How far an upload is, and the buttons that steer it. Its elements stay, so that focus stays.

import { fill, h } from './dom.js';
import { bytes, timeLeft } from './format.js';
import { icon } from './icons.js';
import { problemBox } from './words.js';

/** Live view of `upload`; call `close()` of what it gives when it is taken away. */
export function progress(upload, { uploads, onCancelFailed = () => {} }) {
  const percent = h('span', { class: 'percent' });
  const bar = h('progress', { max: '1', 'aria-label': `Upload of ${upload.title}` });
  const facts = h('p', { class: 'facts' });
  const problem = h('div');
  const hold = h('button', { type: 'button', onclick: () => (upload.state === 'paused' ? upload.resume() : upload.pause()) });
  const cancel = h('button', { type: 'button' }, icon('close'), 'Cancel');
  cancel.addEventListener('click', () => upload.cancel().catch(onCancelFailed));
  const again = h('button', { type: 'button', onclick: () => uploads.retry(upload) }, 'Try again');
  const dismiss = h('button', { type: 'button', class: 'quiet', onclick: () => uploads.dismiss(upload) }, 'Dismiss');
  const element = h('div', { class: 'progress' },
    h('div', { class: 'progress-line' }, percent, facts), bar, problem,
    h('div', { class: 'actions' }, hold, cancel, again, dismiss));

  let shown = '';
  const draw = () => {
    const { state } = upload;
    const share = upload.total > 0 ? upload.sent / upload.total : 0;
    percent.textContent = state === 'queued' || state === 'starting' ? '' : `${Math.floor(share * 100)} %`;
    if (state === 'starting') bar.removeAttribute('value');
    else bar.value = share;
    facts.textContent = factsOf(upload);
    if (shown === state) return;
    shown = state;
    element.dataset.state = state;
    hold.hidden = !upload.canPause || !['sending', 'retrying', 'paused'].includes(state);
    fill(hold, icon(state === 'paused' ? 'play' : 'pause'), state === 'paused' ? 'Resume' : 'Pause');
    cancel.hidden = upload.isOver;
    again.hidden = dismiss.hidden = state !== 'failed';
    fill(problem, state === 'failed' ? problemBox(upload.error, { maxBytes: upload.descriptor?.max_bytes }) : null);
  };

  let frame = 0;
  const soon = () => {
    if (!frame) frame = setTimeout(() => { frame = 0; draw(); }, shown === upload.state ? 80 : 0);
  };
  upload.addEventListener('change', soon);
  // Speed and time left grow old without news, too.
  const ticking = setInterval(soon, 1000);
  draw();
  return {
    element,
    close() {
      clearTimeout(frame);
      clearInterval(ticking);
      upload.removeEventListener('change', soon);
    },
  };
}

function factsOf(upload) {
  const size = `${bytes(upload.sent)} of ${bytes(upload.total)}`;
  switch (upload.state) {
    case 'queued': return 'Waiting its turn';
    case 'starting': return 'Asking for an upload address…';
    case 'paused': return `Paused · ${size}`;
    case 'retrying': return `The connection broke; trying again… · ${size}`;
    case 'cancelled': return 'Cancelled';
    case 'failed': return size;
    case 'done': return size;
    default: {
      const { speed, secondsLeft } = upload;
      return [upload.resumed && 'Goes on where it stopped', size, speed > 0 && `${bytes(speed)}/s`, timeLeft(secondsLeft)].filter(Boolean).join(' · ');
    }
  }
}
