// What stands behind the `#` of the page's address: a path and a query.

/** "#/events?state=failed" → `{path: 'events', query}`. */
export function readAddress(hash = location.hash) {
  const text = hash.replace(/^#\/?/, '');
  const mark = text.indexOf('?');
  const [path, query] = mark < 0 ? [text, ''] : [text.slice(0, mark), text.slice(mark + 1)];
  return { path, query: new URLSearchParams(query) };
}

/** The same the other way round. */
export function writeAddress(path, query = new URLSearchParams()) {
  const text = query.toString();
  return `#/${path}${text ? `?${text}` : ''}`;
}

/** Shows another query in the address, without a step in the browser's history and without a change of page. */
export function replaceQuery(path, query) {
  history.replaceState(history.state, '', writeAddress(path, query));
}
