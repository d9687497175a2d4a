// Where files are dropped or chosen. While it listens, the whole window takes them.

import { fill, h } from './dom.js';
import { bytes, clock } from './format.js';
import { icon } from './icons.js';

const ANY = 'video/*,audio/*,.mkv,.mov,.ts';

/** `onFiles(files)` hears of every choice. `{element, listen(is), draw(offer), focus()}`. */
export function dropZone(onFiles) {
  const input = h('input', { type: 'file', accept: ANY, multiple: true, class: 'visually-hidden', id: 'file', tabindex: '-1', 'aria-hidden': 'true' });
  input.addEventListener('change', () => {
    if (input.files.length > 0) onFiles([...input.files]);
    input.value = '';
  });
  const limits = h('p', { class: 'hint' });
  const choose = h('button', { type: 'button', class: 'primary', id: 'choose', onclick: () => input.click() }, 'Choose files');
  const element = h('div', { class: 'drop' }, h('span', { class: 'drop-icon' }, icon('upload')),
    h('div', { class: 'drop-text' }, h('p', { class: 'drop-title' }, 'Drop videos anywhere on this page'), limits), choose, input);
  return {
    element,
    listen: windowListener(element, onFiles),
    draw(offer) {
      input.accept = offer?.content_types.length > 0 ? offer.content_types.join(',') : ANY;
      fill(limits, limitsOf(offer) || null);
      limits.hidden = !limits.hasChildNodes();
    },
    focus: () => choose.focus(),
  };
}

function windowListener(element, onFiles) {
  const hasFiles = (event) => event.dataTransfer?.types.includes('Files') && element.checkVisibility();
  const over = (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'copy';
    element.classList.add('over');
  };
  const leave = (event) => event.relatedTarget === null && element.classList.remove('over');
  const dropped = (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    element.classList.remove('over');
    if (event.dataTransfer.files.length > 0) onFiles([...event.dataTransfer.files]);
  };
  const listeners = [['dragover', over], ['dragleave', leave], ['drop', dropped]];
  return (is) => {
    for (const [name, listener] of listeners) {
      if (is) addEventListener(name, listener);
      else removeEventListener(name, listener);
    }
  };
}

/** What a file may be at most, in a sentence; empty where nothing is limited. */
function limitsOf(offer) {
  const most = [offer?.max_bytes && bytes(offer.max_bytes), offer?.max_duration_s && `${clock(offer.max_duration_s)} long`];
  const said = most.filter(Boolean);
  return said.length > 0 ? `At most ${said.join(' and ')}` : '';
}
