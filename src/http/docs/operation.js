// One operation: what it does, who may call it, what it takes and answers, how to call it, and a form to try it.

import { LANGUAGES, exampleCall } from './calls.js';
import { announce, codeBlock, h, inline, prose } from './dom.js';
import { answersOf, nameOf, refusalsOf } from './model.js';
import { contentLine, headerRows, memberList, membersOf } from './schema.js';

/** Fires `change` when another language is chosen: all examples follow. */
const language = Object.assign(new EventTarget(), { at: 0 });

/** The method, in its colour. */
export const methodTag = (method) => h('span', { class: `method ${method}` }, method.toUpperCase());

/** The section of one operation. */
export function operationSection(model, operation) {
  const { id, path, method, summary, description, isTold } = operation;
  const body = operation.body ? bodyPart(model, operation.body) : null;
  return h('section', { id, class: 'operation' },
    h('h3', { tabindex: '-1' }, h('a', { href: `#${id}` }, methodTag(method), ' ', h('code', {}, path))),
    h('div', { class: 'two' },
      h('div', { class: 'told head' }, prose(summary, { class: 'summary' }), prose(description), needs(operation)),
      h('div', { class: 'shown' },
        isTold ? eventExample(operation) : [calls(operation), trial(model, operation)],
        answersOf(operation).map((one) => answerExample(one))),
      h('div', { class: 'told' },
        operation.parameters.length ? [h('h4', {}, 'Parameters'), memberList(parameterRows(operation))] : null,
        body, h('h4', {}, 'Answers'), answersOf(operation).map((one) => answer(one)), refusals(model, operation))));
}

function needs({ isTold, isGuarded, isOpen, needs: scopes }) {
  if (isTold) return h('p', { class: 'needs' }, 'Sent by this service, with a signature.');
  if (isGuarded) return h('p', { class: 'needs' }, 'Sent by the provider, with a signature. No token.');
  if (isOpen) return h('p', { class: 'needs' }, 'No token.');
  return h('p', { class: 'needs' }, 'Token: ', scopes ? ['one of the scopes ', inline(scopes)] : 'any.');
}

const parameterRows = ({ parameters }) => parameters.map((one) => (
  { name: one.name, schema: one.schema, required: one.required, text: one.description, where: one.in }));

function bodyPart(model, body) {
  const schema = model.resolve(body.schema);
  const rows = membersOf(schema);
  return [h('h4', {}, 'Body'), contentLine('application/json', body), rows.length && schema.additionalProperties === false ? memberList(rows) : null];
}

function answer({ status, answer: described }) {
  const rows = headerRows(described.headers);
  return h('div', { class: 'answer' },
    h('p', {}, h('code', { class: `status s${status[0]}` }, status), ' ', inline(described.description)),
    Object.entries(described.content ?? {}).map(([type, content]) => contentLine(type, content)),
    rows.length ? h('details', {}, h('summary', {}, `Headers of ${status}`), memberList(rows)) : null);
}

/** Refusals in one table: status, code with a link to what it means, and the remedy. */
function refusals(model, operation) {
  const rows = refusalsOf(operation);
  if (!rows.length) return null;
  return h('details', { class: 'refusals' },
    h('summary', {}, `Refusals: ${[...new Set(rows.map(({ status }) => status))].join(', ')}`),
    h('dl', { class: 'members' }, rows.map(({ status, code }) => h('div', {},
      h('dt', {}, h('code', { class: `status s${status[0]}` }, status), ' ', h('a', { href: `problems/${code}` }, h('code', {}, code))),
      h('dd', {}, prose(`${model.examples[code].summary}.`), prose(model.examples[code].description, { class: 'kind' }))))));
}

/** The call in the chosen language, with tabs for the others. */
function calls(operation) {
  if (operation.isGuarded) return null;
  const call = exampleCall(operation);
  const slot = h('div', { class: 'slot' });
  const tabs = LANGUAGES.map(({ name }, at) => h('button', { type: 'button', class: 'tab', onclick: () => choose(at) }, name));
  const show = () => {
    const { name, write } = LANGUAGES[language.at];
    slot.replaceChildren(codeBlock(`${operation.method.toUpperCase()} ${operation.path} in ${name}`, write(call)));
    tabs.forEach((tab, at) => tab.setAttribute('aria-pressed', String(at === language.at)));
  };
  language.addEventListener('change', show);
  show();
  return h('div', { class: 'calls' }, h('div', { class: 'tabs', role: 'group', 'aria-label': 'Language of the examples' }, tabs), slot);
}

/** Keeps the place of what is looked at: every example above becomes longer or shorter. */
function choose(at) {
  const held = document.activeElement;
  const before = held.getBoundingClientRect().top;
  language.at = at;
  language.dispatchEvent(new Event('change'));
  scrollBy({ top: held.getBoundingClientRect().top - before, behavior: 'instant' });
  announce(`Examples in ${LANGUAGES[at].name}.`);
}

/** A button that loads the form to try the call. */
function trial(model, operation) {
  if (operation.isGuarded) return null;
  const button = h('button', { type: 'button', class: 'try', 'aria-label': `Try it: ${operation.method.toUpperCase()} ${operation.path}` }, 'Try it');
  const slot = h('div', {}, button);
  button.addEventListener('click', async () => {
    button.disabled = true;
    const { trialForm } = await import('./trial.js');
    const form = trialForm(model, operation, () => slot.replaceChildren(button));
    button.disabled = false;
    slot.replaceChildren(form);
    form.querySelector('h4').focus();
  });
  return slot;
}

function eventExample({ path, body }) {
  return [h('h4', {}, 'Body'), codeBlock(`Body of ${path}`, JSON.stringify(body.example, null, 2))];
}

/** Examples of an answer: JSON in readable form, other texts as they are. */
function answerExample({ status, answer: described }) {
  return Object.entries(described.content ?? {}).filter(([, content]) => content.example !== undefined)
    .map(([type, content]) => h('details', { class: 'example', open: type === 'application/json' },
      h('summary', {}, h('code', { class: `status s${status[0]}` }, status), ' ', h('code', {}, type)),
      codeBlock(`Answer ${status} as ${type}`, exampleText(type, content))));
}

function exampleText(type, { example, schema }) {
  if (typeof example === 'string') return example;
  if (type === 'text/event-stream') return Object.entries(example).map(([name, value]) => `${name}: ${value}`).join('\n');
  const spaces = type === 'application/x-ndjson' || (schema?.$ref && nameOf(schema.$ref) === 'ExportLine') ? 0 : 2;
  return JSON.stringify(example, null, spaces);
}
