// One request of an upload. Why XMLHttpRequest: fetch does not report how much of a body has gone out.

import { UploadFailure, cancelled } from './failure.js';

/** A connection without progress for this time counts as dead. */
const SILENCE_MS = 60_000;

/**
 * Sends one request. Resolves with `{status, text, header(name)}` whatever the status; status 0 is a failed
 * connection. Rejects only when `signal` is aborted.
 */
export function request({ method, url, headers = {}, body = null, signal, onProgress }) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(cancelled());
    const xhr = new XMLHttpRequest();
    let timer;
    const stop = () => xhr.abort();
    const finish = (settle, value) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
      settle(value);
    };
    const alive = () => {
      clearTimeout(timer);
      timer = setTimeout(stop, SILENCE_MS);
    };
    const nothing = { status: 0, text: '', header: () => null };
    xhr.onload = () => finish(resolve, { status: xhr.status, text: xhr.responseText, header: (name) => readable(xhr, name) });
    xhr.onerror = () => finish(resolve, nothing);
    xhr.onabort = () => (signal?.aborted ? finish(reject, cancelled()) : finish(resolve, nothing));
    xhr.upload.onprogress = (event) => {
      alive();
      onProgress?.(event.loaded);
    };
    try {
      xhr.open(method, url);
      // Why: else Firefox reads an empty answer as XML and reports a fault.
      xhr.responseType = 'text';
      for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value);
      signal?.addEventListener('abort', stop, { once: true });
      alive();
      xhr.send(body);
    } catch (error) {
      finish(reject, new UploadFailure('refused', { detail: error.message }));
    }
  });
}

/** Returns a response header, or null where CORS hides it. Why the list first: reading a hidden header logs an error. */
function readable(xhr, name) {
  const all = xhr.getAllResponseHeaders().toLowerCase();
  const key = `${name.toLowerCase()}:`;
  const line = all.split('\r\n').find((one) => one.startsWith(key));
  return line === undefined ? null : xhr.getResponseHeader(name);
}
