// The links of the page's bar.

import { SERVICE } from './api.js';
import { fill, h, meta } from './dom.js';
import { ADMIN_LINKS } from './pages.js';

/** Puts the links into the bar. `show(path)` marks the one of the page that is shown; null hides all. */
export function navigation(session) {
  const element = h('nav', { class: 'links', 'aria-label': 'Pages' });
  document.querySelector('.bar .mark').after(element);
  let shown = null;
  const draw = () => {
    const pages = shown === null ? [] : [['', 'Videos'], ...(session.isAdmin ? ADMIN_LINKS : [])];
    const links = pages.map(([path, name]) => h('a', { href: `#/${path}`, 'aria-current': isShown(path) ? 'page' : null }, name));
    if (links.length > 0 && meta('docs')) links.push(h('a', { href: new URL(meta('docs'), SERVICE).href }, 'API'));
    const held = element.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null;
    fill(element, links.length < 2 ? null : links);
    element.hidden = links.length < 2;
    if (held) element.querySelector(`a[href="${held}"]`)?.focus();
  };
  const isShown = (path) => path === shown || (path === '' && shown.startsWith('videos/'));
  session.addEventListener('rights', draw);
  return {
    show(path) {
      shown = path;
      draw();
    },
  };
}
