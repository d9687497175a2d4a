// An answer that came: its status, its headers and its body.

import { codeBlock, h } from './dom.js';

/** Headers that every answer has and nobody looks for. */
const USUAL = new Set(['content-length', 'date', 'vary', 'cache-control']);

/** Shows a response in `slot`; the text of a stream grows as it comes. */
export async function answerView(response, slot) {
  const type = response.headers.get('Content-Type') ?? '';
  const headers = [...response.headers].filter(([name]) => !USUAL.has(name));
  const head = [
    h('p', {}, h('code', { class: `status s${String(response.status)[0]}` }, response.status), ' ', response.ok ? 'The call succeeded.' : 'The call was refused.'),
    h('details', {}, h('summary', {}, 'Headers'), h('pre', { tabindex: '0' }, headers.map(([name, value]) => `${name}: ${value}`).join('\n'))),
  ];
  if (type.startsWith('text/event-stream')) {
    const text = h('code', {});
    slot.replaceChildren(...head, h('pre', { tabindex: '0', role: 'group', 'aria-label': 'Events' }, text));
    await readStream(response, text);
    return;
  }
  const body = await response.text();
  slot.replaceChildren(...head, explanation(type, body), body ? codeBlock('Answer', readable(type, body)) : h('p', { class: 'hint' }, 'No body.'));
}

/** A link to what a problem means. */
function explanation(type, body) {
  if (!type.startsWith('application/problem+json')) return '';
  const { title, code } = JSON.parse(body);
  return h('p', {}, `${title}: `, h('a', { href: `problems/${encodeURIComponent(code)}` }, h('code', {}, code)));
}

function readable(type, body) {
  return /^application\/([\w.-]+\+)?json/.test(type) ? JSON.stringify(JSON.parse(body), null, 2) : body;
}

async function readStream(response, text) {
  for (const reader = response.body.pipeThrough(new TextDecoderStream()).getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) return;
    text.append(value);
  }
}
