// Word of changes between the tabs of a browser, so that none stays behind another.

/** Why the path: services below different paths of one host are different services. */
const NAME = `yourbit-video:${new URL('./', document.baseURI).pathname}`;
const channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(NAME);

/** Tells the other tabs that something was changed here. What it was they ask the service, each with its own token. */
export function publishChange() {
  channel?.postMessage('change');
}

/** Calls `listener` when another tab has changed something. Gives a function that ends it. */
export function onChangeElsewhere(listener) {
  channel?.addEventListener('message', listener);
  return () => channel?.removeEventListener('message', listener);
}
