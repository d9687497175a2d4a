// One thing done with many videos: asked about once, a few requests at a time, and what failed told one by one.

import { nameOf } from './cards.js';
import { confirm, ownersOf } from './dialog.js';
import { announce, h } from './dom.js';
import { icon } from './icons.js';
import { explain } from './words.js';

/** Requests at the same time. */
const AT_ONCE = 4;

const KINDS = {
  cancel: {
    call: (api, id) => api.cancel(id),
    title: (many) => `Cancel ${many}?`,
    text: 'Nothing that was sent is kept.',
    yes: 'Cancel the uploads',
    no: 'Keep them',
    noun: ['upload', 'uploads'],
    done: 'cancelled',
  },
  delete: {
    call: (api, id) => api.remove(id),
    title: (many) => `Delete ${many}?`,
    text: 'They stop playing everywhere and cannot be brought back.',
    yes: 'Delete',
    no: 'Keep them',
    noun: ['video', 'videos'],
    done: 'being deleted',
  },
  refresh: {
    call: (api, id) => api.refresh(id),
    title: (many) => `Refresh ${many}?`,
    text: 'The provider is asked about each of them now, which counts against its rate.',
    yes: 'Refresh',
    no: 'Not now',
    noun: ['video', 'videos'],
    done: 'up to date',
    harmless: true,
  },
};

/** Gives `{failed, element}`, or null where the answer was no. */
export async function changeMany(api, kind, videos, { session, onProgress, onVideo, onGone }) {
  const { call, title, text, yes, no, noun, done, harmless } = KINDS[kind];
  const many = (count) => `${count} ${noun[count === 1 ? 0 : 1]}`;
  const details = session.seesAll ? ownersOf(videos) : null;
  if (!await confirm({ title: title(many(videos.length)), text, yes, no, details, harmless })) return null;
  const [left, failed] = [[...videos], []];
  let over = 0;
  onProgress(0);
  const one = async () => {
    for (let video = left.shift(); video; video = left.shift()) {
      try {
        onVideo(await call(api, video.id));
      } catch (error) {
        if (error.status === 404) onGone(video.id);
        else failed.push({ video, error });
      }
      over += 1;
      onProgress(over);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  const well = `${many(videos.length - failed.length)} ${done}.`;
  announce(failed.length > 0 ? `${well} ${many(failed.length)} failed.` : well);
  return { failed, element: failed.length > 0 ? failures(failed, well, session) : null };
}

function failures(failed, well, session) {
  return h('div', { class: 'problem', role: 'alert' }, icon('warning'), h('div', {},
    h('p', {}, `${well} These failed and stay selected:`),
    h('ul', { class: 'failures' }, failed.map(({ video, error }) => h('li', {},
      h('a', { href: `#/videos/${video.id}`, dir: 'auto' }, nameOf(video)), session.seesAll ? ` of ${video.owner}` : '', `: ${explain(error)}`)))));
}
