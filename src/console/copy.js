// Copying to the clipboard, and the buttons for it.

import { announce, h } from './dom.js';
import { icon } from './icons.js';

/** How long a button shows what came of it. */
const SHOWN_MS = 2000;

/** Copies `text`; false where the browser does not let the page. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * A small button that copies `text`. `label` names what is copied ("Copy the id"). `text` may be a function, for a value
 * that changes while the button stays.
 */
export function copyButton(text, label) {
  const button = h('button', { type: 'button', class: 'quiet copy-button', 'aria-label': label, title: label }, icon('copy'));
  let timer = 0;
  const show = (name) => button.replaceChildren(icon(name));
  button.addEventListener('click', async (event) => {
    event.stopPropagation();
    const done = await copyText(typeof text === 'function' ? text() : text);
    announce(done ? 'Copied.' : 'The browser does not let this page copy. Select the text and copy it by hand.');
    show(done ? 'check' : 'warning');
    clearTimeout(timer);
    timer = setTimeout(() => show('copy'), SHOWN_MS);
  });
  return button;
}
