// Questions before something is gone for good.

import { announce, freshId, h } from './dom.js';

/** Owners that a question names; of more it says how many. */
const MOST_OWNERS = 8;

/** Resolves with whether the answer was yes. Escape and a click beside it mean no. `details`: elements below the text. */
export function confirm({ title, text, yes, no = 'Keep it', details = null, harmless = false }) {
  const before = document.activeElement;
  return new Promise((resolve) => {
    const [heading, body] = [freshId('dialog'), freshId('dialog')];
    const close = (value) => () => dialog.close(value);
    const dialog = h('dialog', { class: 'confirm', 'aria-labelledby': heading, 'aria-describedby': body },
      h('h2', { id: heading }, title),
      h('div', { id: body, class: 'confirm-body' }, h('p', {}, text), details),
      h('div', { class: 'actions' },
        h('button', { type: 'button', class: 'quiet', autofocus: true, onclick: close('') }, no),
        h('button', { type: 'button', class: harmless ? 'primary' : 'danger', onclick: close('yes') }, yes)));
    dialog.addEventListener('click', (event) => event.target === dialog && dialog.close(''));
    dialog.addEventListener('close', () => {
      dialog.remove();
      if (before?.isConnected) before.focus({ preventScroll: true });
      resolve(dialog.returnValue === 'yes');
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** "Delete this video?", and the deletion. Gives the video as it is then, or null for no. */
export async function confirmRemoval(api, video) {
  const sure = await confirm({
    title: 'Delete this video?',
    text: 'It stops playing everywhere and cannot be brought back.',
    yes: 'Delete',
    details: h('p', { class: 'confirm-name', dir: 'auto' }, h('strong', {}, video.title || 'Untitled'), api.caller.seesAll ? [' ', ownersOf([video])] : null),
  });
  if (!sure) return null;
  const removed = await api.remove(video.id);
  announce('The video is being deleted.');
  return removed;
}

/** "Owner: ana", or each owner with the number of its videos. */
export function ownersOf(videos) {
  const counts = new Map();
  for (const { owner } of videos) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  const named = [...counts].sort(([, a], [, b]) => b - a);
  const shown = named.slice(0, MOST_OWNERS).map(([owner, count]) => [h('bdi', {}, owner), videos.length > 1 ? ` (${count})` : '']);
  const more = named.length - MOST_OWNERS;
  const parts = shown.flatMap((one, at) => (at > 0 ? [', ', ...one] : one));
  return h('span', { class: 'owners' }, named.length > 1 ? 'Owners: ' : 'Owner: ', ...parts, more > 0 ? ` and ${more} more` : null);
}
