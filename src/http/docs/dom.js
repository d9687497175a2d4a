// Elements. Everything is text: nothing of the document becomes markup.

/** Makes an element. Properties that begin with `on` are listeners; null, undefined and false leave an attribute out. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Text with `code` in backquotes. */
export function inline(text = '') {
  // Why escaped: packed modules have backquotes in pairs.
  return text.split('\x60').map((part, index) => (index % 2 ? h('code', {}, part) : part));
}

/** Prose, a paragraph a blank line. */
export function prose(text = '', properties = {}) {
  return text.split(/\n\s*\n/).filter(Boolean).map((paragraph) => h('p', properties, inline(paragraph)));
}

/** Words for people who listen to the page. */
export function announce(text) {
  document.getElementById('announcer').textContent = text;
}

/** A block of code with a button that copies it. `label` says what it is; `text` gives it at the moment of the click. */
export function codeBlock(label, text) {
  const words = h('span', {}, 'Copy');
  const button = h('button', { type: 'button', class: 'quiet small copy', 'aria-label': `Copy: ${label}` }, words);
  button.addEventListener('click', async () => {
    const done = await navigator.clipboard.writeText(text).then(() => true, () => false);
    words.textContent = done ? 'Copied' : 'Select it by hand';
    announce(done ? `${label} copied.` : 'The browser does not let this page copy.');
    setTimeout(() => { words.textContent = 'Copy'; }, 2000);
  });
  return h('div', { class: 'block' }, button,
    h('pre', { tabindex: '0', role: 'group', 'aria-label': label }, h('code', {}, text)));
}
