// PUT: the whole file at once, or pieces with Content-Range, answered with 308 until the last.

import { contentRange, offsetOf } from './chunks.js';
import { failureOf } from './failure.js';
import { request } from './request.js';

const DONE = [200, 201, 202, 204];

/** `put` cannot be resumed: a retry sends the whole file again. */
export function put(file, descriptor) {
  return {
    resumable: false,
    async send(_start, _end, options) {
      const { url, headers } = descriptor;
      const response = await request({ method: descriptor.method || 'PUT', url, headers, body: file, ...options });
      if (!DONE.includes(response.status)) throw failureOf(response);
      return { offset: file.size, done: true };
    },
    probe: async () => ({ offset: 0, done: false }),
  };
}

/** `put_content_range`. */
export function putContentRange(file, descriptor) {
  const { url, headers } = descriptor;
  const ask = (range, body, options) =>
    request({ method: 'PUT', url, headers: { ...headers, 'Content-Range': range }, body, ...options });

  /** `Range` of a 308 says what has arrived. Where CORS hides it, `trusted` stands for it. */
  const read = (response, trusted) => {
    if (DONE.includes(response.status)) return { offset: file.size, done: true };
    if (response.status === 308) return { offset: offsetOf(response.header('Range')) ?? trusted, done: false };
    throw failureOf(response);
  };

  return {
    resumable: true,
    async send(start, end, options) {
      const range = contentRange(start, end, file.size);
      return read(await ask(range, file.slice(start, end), options), end);
    },
    async probe(trusted, options) {
      return read(await ask(`bytes */${file.size}`, null, options), trusted);
    },
  };
}
