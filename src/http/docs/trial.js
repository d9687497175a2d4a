// The form that sends a call, with the token of the page or one that is typed here.

import { SERVICE } from './calls.js';
import { announce, h, prose } from './dom.js';
import { answerView } from './answer.js';
import { tokenField } from './token.js';

/** Calls that take something away, and how each is named in the question before it. */
const ASKED = {
  'videos-delete': ['Delete this video?', 'The video stops playing at once and cannot be brought back.', 'Delete'],
  'videos-cancel': ['Call this upload off?', 'The upload cannot go on afterwards.', 'Call it off'],
  'admin-erase-owner': ['Erase this owner?', 'All videos of the owner are deleted, and everything that names it is removed. Nothing of it can be brought back.', 'Erase'],
};

/** The form of one operation. `close` puts the button back. */
export function trialForm(model, operation, close) {
  const title = `Try it: ${operation.method.toUpperCase()} ${operation.path}`;
  const fields = operation.parameters.filter(({ in: place, name }) => !(place === 'header' && name === 'Origin')).map((one) => parameterField(operation, one));
  const body = operation.body ? bodyField(operation) : null;
  const token = operation.isOpen ? null : tokenField(operation);
  const answer = h('div', { class: 'trial-answer', 'aria-live': 'polite' });
  const send = h('button', { type: 'submit', class: 'primary' }, 'Send');
  const stop = h('button', { type: 'button', class: 'stop', hidden: true }, 'Stop');
  const form = h('form', { class: 'trial', 'aria-label': title, novalidate: true },
    h('h4', { tabindex: '-1' }, 'Try it'), token?.element, fields.map(({ element }) => element), body?.element,
    h('div', { class: 'actions' }, send, stop, h('button', { type: 'button', class: 'quiet', onclick: close }, 'Close')), answer);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const call = read(operation, fields, body, token);
    if (call.problem) return refuse(answer, call);
    if (!(await isMeant(operation, call))) return undefined;
    const stopper = new AbortController();
    stop.onclick = () => stopper.abort();
    [send.disabled, stop.hidden] = [true, false];
    await perform(call, stopper.signal, answer);
    [send.disabled, stop.hidden] = [false, true];
    return undefined;
  });
  return form;
}

/** Says what is missing, and leads there. */
function refuse(answer, { problem, field }) {
  answer.replaceChildren(h('p', { class: 'problem' }, problem));
  field?.focus();
}

function parameterField(operation, parameter) {
  const id = `${operation.id}-${parameter.in}-${parameter.name}`;
  const { schema } = parameter;
  const input = h('input', { type: 'text', id, autocomplete: 'off', spellcheck: 'false', required: parameter.required,
    'aria-describedby': parameter.description ? `${id}-hint` : null, placeholder: parameter.in === 'path' ? String(parameter.example ?? '') : '' });
  if (schema.type === 'integer' || schema.type === 'number') input.setAttribute('inputmode', 'decimal');
  const hint = parameter.description ? prose(parameter.description, { class: 'hint', id: `${id}-hint` })[0] : null;
  const words = parameter.style === 'deepObject' ? `${parameter.name} (JSON)` : parameter.name;
  return { parameter, input, element: h('div', { class: 'field' }, h('label', { for: id }, words, parameter.required ? ' (required)' : ''), input, hint) };
}

function bodyField(operation) {
  const id = `${operation.id}-body`;
  const text = JSON.stringify(operation.body.example ?? {}, null, 2);
  const input = h('textarea', { id, rows: String(Math.min(14, text.split('\n').length + 1)), spellcheck: 'false' }, text);
  return { input, element: h('div', { class: 'field' }, h('label', { for: id }, 'Body (JSON)'), input) };
}

/** The call as the form has it: `{method, url, headers, body}`, or `{problem, field}`. */
function read(operation, fields, body, token) {
  let path = operation.path.slice(1);
  const query = new URLSearchParams();
  const headers = new Headers();
  for (const { parameter, input } of fields) {
    const value = input.value.trim();
    if (!value && parameter.required) return { problem: `“${parameter.name}” is required.`, field: input };
    if (!value) continue;
    if (parameter.in === 'path') path = path.replace(`{${parameter.name}}`, () => encodeURIComponent(value));
    else if (parameter.in === 'header') headers.set(parameter.name, value);
    else if (!addQuery(query, parameter, value)) return { problem: `“${parameter.name}” is no JSON object.`, field: input };
  }
  if (token?.value()) headers.set('Authorization', `Bearer ${token.value()}`);
  const url = new URL(path + (query.size ? `?${query}` : ''), SERVICE);
  const call = { method: operation.method.toUpperCase(), url, headers };
  if (!body) return call;
  const text = body.input.value.trim();
  if (text && !isJson(text)) return { problem: 'The body is no JSON.', field: body.input };
  if (text) headers.set('Content-Type', 'application/json');
  return { ...call, body: text || undefined };
}

/** Adds a parameter of the query as its style wants it. */
function addQuery(query, parameter, value) {
  if (parameter.style !== 'deepObject') {
    query.set(parameter.name, value);
    return true;
  }
  if (!isJson(value)) return false;
  for (const [name, one] of Object.entries(JSON.parse(value))) query.set(`${parameter.name}[${name}]`, String(one));
  return true;
}

function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Whether the call may be sent: one that takes something away is asked for first. */
async function isMeant(operation, { url }) {
  const words = ASKED[operation.id] ?? (operation.method === 'delete' ? ['Send this DELETE?', 'It takes something away.', 'Send'] : null);
  if (!words) return true;
  const [title, text, yes] = words;
  return new Promise((resolve) => {
    const dialog = h('dialog', { class: 'confirm', 'aria-labelledby': 'ask-title', 'aria-describedby': 'ask-text' },
      h('h2', { id: 'ask-title' }, title), h('div', { id: 'ask-text' }, h('p', {}, text), h('p', {}, h('code', {}, decodeURIComponent(url.pathname)))),
      h('div', { class: 'actions' },
        h('button', { type: 'button', class: 'quiet', autofocus: true, onclick: () => dialog.close('') }, 'Keep it'),
        h('button', { type: 'button', class: 'danger', onclick: () => dialog.close('yes') }, yes)));
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Sends the call and shows what comes, a stream as it comes. */
async function perform({ method, url, headers, body }, signal, answer) {
  answer.replaceChildren(h('p', { class: 'hint' }, 'Waiting for the answer…'));
  try {
    const response = await fetch(url, { method, headers, body, signal, cache: 'no-store' });
    announce(`Answered: ${response.status}.`);
    await answerView(response, answer);
  } catch (error) {
    if (error.name === 'AbortError') answer.append(h('p', { class: 'hint' }, 'Stopped.'));
    else answer.replaceChildren(h('p', { class: 'problem' }, 'No answer came: the service or the network is away.'));
  }
}

