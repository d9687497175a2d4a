// What an application's own function gives back: an object, or the fetch Response that holds it.

/**
 * Resolves with `{ status, ok, body, headers }`. `body` is the JSON of the response, or null where there is none; an
 * object counts as an answer of status 200.
 */
export async function readAnswer(value) {
  if (typeof value?.json !== 'function') return { status: 200, ok: true, body: value ?? null, headers: null };
  const body = await value.json().catch(() => null);
  return { status: value.status, ok: value.ok, body, headers: value.headers };
}

/** Returns the words of a problem document, or those of the status. */
export function wordsOf({ status, body }) {
  return body?.detail ?? body?.title ?? `The answer has the status ${status}.`;
}
