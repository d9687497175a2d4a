// What both elements are made of: nodes, icons, words, the common style.

/** Makes an element: properties that begin with `on` are listeners, others attributes; false and null leave them out. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children);
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';
const ICONS = {
  upload: 'M11 16V7.8l-3.6 3.6L6 10l6-6 6 6-1.4 1.4L13 7.8V16zM5 18h14v2H5z',
  play: 'M8 5v14l11-7z',
  pause: 'M7 5h3v14H7zM14 5h3v14h-3z',
  close: 'M6 7.4 7.4 6l4.6 4.6L16.6 6 18 7.4 13.4 12l4.6 4.6-1.4 1.4-4.6-4.6L7.4 18 6 16.6l4.6-4.6z',
  again: 'M12 5a7 7 0 1 0 7 7h-2a5 5 0 1 1-1.5-3.6L13 11h6V5l-2.1 2A7 7 0 0 0 12 5z',
  loud: 'M4 9.5v5h3.5L12 19V5L7.5 9.5zM14 8.5v7a4 4 0 0 0 0-7z',
  muted: 'M4 9.5v5h3.5L12 19V5L7.5 9.5zM14 9.9l1.3-1.3 2.1 2.1 2.1-2.1 1.3 1.3-2.1 2.1 2.1 2.1-1.3 1.3-2.1-2.1-2.1 2.1-1.3-1.3 2.1-2.1z',
  captions: 'M4 5h16v14H4zm2 2v10h12V7zm1.5 4H11v2H7.5zm5 0h4v2h-4zm-5 3h2v1.5h-2zm3 0h6v1.5h-6z',
  audio: 'M12 4v9.3a3.2 3.2 0 1 0 2 3V8h4V4z',
  full: 'M5 5h6v2H7v4H5zM13 5h6v6h-2V7h-4zM5 13h2v4h4v2H5zM17 13h2v6h-6v-2h4z',
};

/** An icon for decoration; its button has the words. */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button that is an icon. */
export function iconButton(part, name, label, onclick) {
  return h('button', { type: 'button', part: `button ${part}`, 'aria-label': label, title: label, onclick }, icon(name));
}

/** Changes icon and words of such a button. */
export function setIcon(button, name, label) {
  if (button.title === label) return;
  button.replaceChildren(icon(name));
  button.title = label;
  button.setAttribute('aria-label', label);
}

/** `{name}` in a label stands for a value. */
export function fill(label, values) {
  return label.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '');
}

export const BASE_CSS = `
:host { display: block; --a: var(--yourbit-accent, light-dark(#4353d6, #a3adff)); --s: var(--yourbit-surface, light-dark(#fff, #1c1c21)); --i: var(--yourbit-ink, light-dark(#1d1c22, #efeef4)); --f: var(--yourbit-soft, light-dark(#5b5966, #aeacba)); --l: var(--yourbit-line, light-dark(#8b8895, #7c7a88)); --b: var(--yourbit-bad, light-dark(#b3261e, #ffb0a8)); --r: var(--yourbit-radius, 12px); font: 400 1rem/1.5 system-ui, sans-serif; font-family: var(--yourbit-font, system-ui, sans-serif); }
:host([hidden]), [hidden] { display: none !important; }
*, ::before, ::after { box-sizing: border-box; }
button { display: inline-grid; place-items: center; width: 2.5rem; height: 2.5rem; padding: 0; border: 0; border-radius: var(--r); background: none; color: inherit; font: inherit; cursor: pointer; }
svg { width: 1.5rem; height: 1.5rem; fill: currentColor; }
:focus-visible { outline: 3px solid var(--a); outline-offset: 2px; }
@media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important; } }
`;
