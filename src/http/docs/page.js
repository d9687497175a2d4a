// Renders the OpenAPI document.

import { SERVICE } from './calls.js';
import { fillContents } from './contents.js';
import { h, prose } from './dom.js';
import { Model } from './model.js';
import { operationSection } from './operation.js';
import { schemaSection } from './schema.js';

const main = document.getElementById('main');

/** Asks for the document, and shows it. */
async function start() {
  try {
    const answer = await fetch(new URL('openapi.json', SERVICE));
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    render(new Model(await answer.json()));
  } catch (error) {
    main.replaceChildren(h('div', { class: 'problem', role: 'alert' }, h('div', {},
      h('p', {}, `The document cannot be read: ${error.message}.`),
      h('button', { type: 'button', class: 'quiet', onclick: () => location.reload() }, 'Try again'))));
  } finally {
    main.removeAttribute('aria-busy');
  }
}

function render(model) {
  const { info } = model.document;
  main.replaceChildren(
    h('h1', {}, 'The API'),
    h('p', { class: 'hint' }, `${info.title} ${info.version} at `, h('code', {}, SERVICE.href), '. ', h('a', { href: 'openapi.json' }, 'openapi.json'), ' is the same for programs.'),
    ...prose(info.description), ...prose(model.document.components.securitySchemes.bearer.description),
    ...model.groups.filter(({ operations }) => operations.length).map((group) => h('div', { class: 'group' },
      h('h2', { id: `tag-${group.name}` }, group.name), prose(group.description),
      group.operations.map((one) => operationSection(model, one)))),
    h('div', { class: 'group' }, h('h2', { id: 'tag-schemas' }, 'schemas'),
      Object.entries(model.schemas).map(([name, schema]) => schemaSection(name, schema))));
  fillContents(document.getElementById('contents'), model);
  showAddress();
  addEventListener('hashchange', showAddress);
}

/** Goes to what the address names, and moves the focus there. */
function showAddress() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  target.scrollIntoView();
  target.querySelector('h3')?.focus({ preventScroll: true });
  for (const link of document.querySelectorAll('#contents a')) {
    if (link.hash === location.hash) link.setAttribute('aria-current', 'true');
    else link.removeAttribute('aria-current');
  }
}

start();
