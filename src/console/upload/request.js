// One request of an upload: XMLHttpRequest, because it alone tells how much of a body has gone out.

import { UploadFailure, aborted } from './failure.js';

/** Without a byte of progress for so long the connection counts as dead. */
const SILENCE_MS = 60_000;

/**
 * Sends one request. Resolves with `{status, text, header(name)}` whatever the status; status 0 is a failed
 * connection. Rejects only when `signal` is aborted.
 */
export function request({ method, url, headers = {}, body = null, signal, onProgress }) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(aborted());
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
    xhr.onabort = () => (signal?.aborted ? finish(reject, aborted()) : finish(resolve, nothing));
    xhr.upload.onprogress = (event) => {
      alive();
      onProgress?.(event.loaded);
    };
    try {
      xhr.open(method, url);
      for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value);
      signal?.addEventListener('abort', stop, { once: true });
      alive();
      xhr.send(body);
    } catch (error) {
      finish(reject, new UploadFailure('refused', { detail: error.message }));
    }
  });
}

/** A response header, where CORS lets us see it. */
function readable(xhr, name) {
  const all = xhr.getAllResponseHeaders().toLowerCase();
  const key = `${name.toLowerCase()}:`;
  const line = all.split('\r\n').find((one) => one.startsWith(key));
  return line === undefined ? null : xhr.getResponseHeader(name);
}
