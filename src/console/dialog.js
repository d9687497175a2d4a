// Questions before something is gone for good.

import { announce, freshId, h } from './dom.js';

/** Resolves with whether the answer was yes. Escape and a click beside it mean no. */
export function confirm({ title, text, yes, no = 'Keep it' }) {
  return new Promise((resolve) => {
    const [heading, body] = [freshId('dialog'), freshId('dialog')];
    const close = (value) => () => dialog.close(value);
    const dialog = h('dialog', { class: 'confirm', 'aria-labelledby': heading, 'aria-describedby': body },
      h('h2', { id: heading }, title),
      h('p', { id: body }, text),
      h('div', { class: 'actions' },
        h('button', { type: 'button', class: 'quiet', autofocus: true, onclick: close('') }, no),
        h('button', { type: 'button', class: 'danger', onclick: close('yes') }, yes)));
    dialog.addEventListener('click', (event) => event.target === dialog && dialog.close(''));
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** "Delete this video?", and the deletion. Gives the video as it is then, or null for no. */
export async function confirmRemoval(api, video) {
  const name = video.title ? `“${video.title}”` : 'This video';
  const sure = await confirm({
    title: 'Delete this video?',
    text: `${name} stops playing everywhere and cannot be brought back.`,
    yes: 'Delete',
  });
  if (!sure) return null;
  const removed = await api.remove(video.id);
  announce('The video is being deleted.');
  return removed;
}
