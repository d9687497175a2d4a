// multipart/form-data: the whole file at once, or pieces with Content-Range.

import { contentRange } from './chunks.js';
import { failureOf } from './failure.js';
import { request } from './request.js';

const DONE = [200, 201, 202, 204];

/** Puts the fields first and the file last: some storage reads nothing behind the file. */
function formOf(descriptor, file, part) {
  const form = new FormData();
  for (const [name, value] of Object.entries(descriptor.form_fields ?? {})) form.append(name, value);
  form.append(descriptor.file_field || 'file', part, file.name || 'video');
  return form;
}

/** Cuts the progress at `length`: the form around the file goes out as well. */
function within(length, options) {
  return { ...options, onProgress: (loaded) => options?.onProgress?.(Math.min(loaded, length)) };
}

/** `post_form` cannot be resumed: a retry sends the whole file again. */
export function postForm(file, descriptor) {
  return {
    resumable: false,
    async send(_start, _end, options) {
      const { url, headers } = descriptor;
      const body = formOf(descriptor, file, file);
      const method = descriptor.method || 'POST';
      const response = await request({ method, url, headers, body, ...within(file.size, options) });
      if (!DONE.includes(response.status)) throw failureOf(response);
      return { offset: file.size, done: true };
    },
    probe: async () => ({ offset: 0, done: false }),
  };
}

/** `post_form_content_range` has no question for the offset: a piece that was cut is sent again as a whole. */
export function postFormContentRange(file, descriptor) {
  return {
    resumable: true,
    async send(start, end, options) {
      const headers = { ...descriptor.headers, 'Content-Range': contentRange(start, end, file.size) };
      const body = formOf(descriptor, file, file.slice(start, end, file.type));
      const method = descriptor.method || 'POST';
      const response = await request({ method, url: descriptor.url, headers, body, ...within(end - start, options) });
      if (![...DONE, 308].includes(response.status)) throw failureOf(response);
      return { offset: end, done: end >= file.size };
    },
    probe: async (trusted) => ({ offset: trusted, done: false }),
  };
}
