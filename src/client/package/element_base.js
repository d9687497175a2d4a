// The ground of both custom elements. What they show is loaded when the first one is in the page.

/** A page that is rendered on a server has no elements: the modules can be imported there all the same. */
export const ElementBase = globalThis.HTMLElement ?? class {};

export function define(name, element) {
  if (globalThis.customElements && !customElements.get(name)) customElements.define(name, element);
}

/** Gives a shadow root this style. Why no style element: a policy without 'unsafe-inline' forbids it. */
export function setStyle(root, css) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [sheet];
}

/** Takes over a property that was set before the element was defined. */
export function upgrade(element, ...names) {
  for (const name of names) {
    if (!Object.hasOwn(element, name)) continue;
    const value = element[name];
    delete element[name];
    element[name] = value;
  }
}
