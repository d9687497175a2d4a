// Elements, without a framework: h('button', { class: 'primary', onclick: go }, 'Go').

/** Makes an element. Properties that begin with `on` are listeners; null, undefined and false leave an attribute out. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'value') element.value = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Gives an element these children and no others. One that is there already stays in the document, and keeps its focus. */
export function fill(element, ...children) {
  const wanted = children.flat().filter((child) => child !== null && child !== undefined && child !== false);
  const nodes = wanted.map((child) => (child instanceof Node ? child : document.createTextNode(child)));
  for (const node of [...element.childNodes]) if (!nodes.includes(node)) node.remove();
  nodes.forEach((node, at) => {
    if (element.childNodes[at] !== node) element.insertBefore(node, element.childNodes[at] ?? null);
  });
  return element;
}

/** Writes a text, if it is another one: what stays the same is not drawn again. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Words for those who listen: read out when the page has time. */
export function announce(text) {
  const region = document.getElementById('announcer');
  if (region.textContent === text) region.textContent = '';
  region.textContent = text;
}

/** The text of a `<meta>` element; empty where it is missing. */
export function meta(name, within = document) {
  return within.querySelector(`meta[name="${name}"]`)?.content ?? '';
}

let lastId = 0;

/** An id that no other element has. */
export const freshId = (prefix) => `${prefix}-${++lastId}`;

/** A labelled field: label above, hint below. */
export function field(label, input, hint) {
  input.id ||= freshId('field');
  const help = hint ? h('p', { class: 'hint', id: `${input.id}-hint` }, hint) : null;
  if (help) input.setAttribute('aria-describedby', help.id);
  return h('div', { class: 'field' }, h('label', { for: input.id }, label), input, help);
}
