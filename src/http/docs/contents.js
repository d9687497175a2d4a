// The list of operations beside the text, with a search over them.

import { announce, h } from './dom.js';
import { refusalsOf } from './model.js';
import { methodTag } from './operation.js';

/** Everything by which an operation is found, in lower case. */
function wordsOf(operation) {
  const members = Object.keys(operation.members ?? {});
  const refused = refusalsOf(operation).flatMap(({ status, code }) => [status, code]);
  const parameters = operation.parameters.map(({ name }) => name);
  const all = [operation.method, operation.path, operation.tag, operation.id, operation.summary, operation.description, operation.needs, ...parameters, ...members, ...refused];
  return all.join(' ').toLowerCase();
}

/** Fills the navigation: a search field, and links by group. */
export function fillContents(nav, model) {
  const groups = [
    ...model.groups.map((group) => ({
      name: group.name,
      entries: group.operations.map((one) => (
        { words: wordsOf({ ...one, members: model.resolve(one.body?.schema)?.properties }), link: operationLink(one) })),
    })),
    { name: 'schemas', entries: Object.keys(model.schemas).map((name) => ({ words: name.toLowerCase(), link: h('a', { href: `#schema-${name}` }, name) })) },
  ];
  const search = h('input', { type: 'search', id: 'search', placeholder: 'upload, 429, expires_in …', autocomplete: 'off', spellcheck: 'false' });
  const none = h('p', { class: 'hint', hidden: true }, 'Nothing is found.');
  const lists = groups.map(({ name, entries }) => {
    const items = entries.map(({ words, link }) => ({ words, element: h('li', {}, link) }));
    const element = h('div', {}, h('h2', {}, name), h('ul', {}, items.map((item) => item.element)));
    return { element, items };
  });
  search.addEventListener('input', () => {
    const left = filter(lists, search.value);
    none.hidden = left > 0;
    announce(left === 1 ? 'One entry.' : `${left} entries.`);
  });
  search.addEventListener('keydown', (event) => openFirst(event, lists));
  const list = h('div', { class: 'entries', id: 'entries' }, none, lists.map(({ element }) => element));
  nav.append(h('div', { class: 'field' }, h('label', { for: 'search' }, 'Search'), search), foldButton(nav), list);
  list.addEventListener('click', (event) => event.target.closest('a') && nav.classList.remove('open'));
  search.addEventListener('focus', () => nav.classList.add('open'));
}

/** On a narrow page the list is folded away. */
function foldButton(nav) {
  const button = h('button', { type: 'button', class: 'fold small', 'aria-controls': 'entries', 'aria-expanded': 'false' }, 'All operations');
  button.addEventListener('click', () => nav.classList.toggle('open'));
  new MutationObserver(() => button.setAttribute('aria-expanded', String(nav.classList.contains('open')))).observe(nav, { attributes: true, attributeFilter: ['class'] });
  return button;
}

/** Hides what does not have every word, and gives the number of entries that are left. */
function filter(lists, text) {
  const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
  let left = 0;
  for (const { element, items } of lists) {
    for (const item of items) item.element.hidden = !wanted.every((word) => item.words.includes(word));
    const shown = items.filter((item) => !item.element.hidden).length;
    element.hidden = shown === 0;
    left += shown;
  }
  return left;
}

function openFirst(event, lists) {
  if (event.key !== 'Enter') return;
  const first = lists.flatMap(({ items }) => items).find((item) => !item.element.hidden);
  first?.element.querySelector('a').click();
}

function operationLink({ id, method, path }) {
  return h('a', { href: `#${id}` }, methodTag(method), ' ', h('span', {}, path.replace(/^\/v1\//, '')));
}
