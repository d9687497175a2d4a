// tus 1.0: an upload that exists already, or one that the client creates.

import { UploadFailure, failureOf } from './failure.js';
import { request } from './request.js';

const VERSION = { 'Tus-Resumable': '1.0.0' };

/** `tus_existing` and, with `create`, `tus_create`. `made` is called when the upload has its address. */
function tus(file, descriptor, create, made) {
  const headers = { ...descriptor.headers, ...VERSION };
  let url = create ? null : descriptor.url;

  const offsetIn = (response, trusted) => {
    const text = response.header('Upload-Offset');
    const offset = text === null || !/^\d+$/.test(text) ? trusted : Number(text);
    return { offset, done: offset >= file.size };
  };

  const begin = async (options) => {
    const told = { 'Upload-Length': String(file.size) };
    const metadata = uploadMetadata(descriptor.tus_metadata);
    if (metadata) told['Upload-Metadata'] = metadata;
    const response = await request({ method: 'POST', url: descriptor.url, headers: { ...headers, ...told }, ...options });
    if (response.status !== 201) throw failureOf(response);
    const location = response.header('Location');
    if (!location) throw new UploadFailure('refused', { detail: 'The upload was created, but the server did not give its address.' });
    url = new URL(location, descriptor.url).href;
    made?.();
  };

  return {
    resumable: true,
    /** What a later page resumes by: the upload that was made, not another one. */
    get descriptor() { return create && url ? { ...descriptor, protocol: 'tus_existing', url } : descriptor; },
    async send(start, end, options) {
      if (!url) await begin({ signal: options.signal });
      const told = { 'Content-Type': 'application/offset+octet-stream', 'Upload-Offset': String(start) };
      const body = file.slice(start, end);
      const response = await request({ method: 'PATCH', url, headers: { ...headers, ...told }, body, ...options });
      if (![200, 204].includes(response.status)) throw failureOf(response);
      return offsetIn(response, end);
    },
    async probe(trusted, options) {
      if (!url) return { offset: 0, done: false };
      const response = await request({ method: 'HEAD', url, headers, ...options });
      if (![200, 204].includes(response.status)) throw failureOf(response);
      return offsetIn(response, trusted);
    },
  };
}

export const tusExisting = (file, descriptor) => tus(file, descriptor, false);
export const tusCreate = (file, descriptor, made) => tus(file, descriptor, true, made);

/** Returns `key base64,flag`: an empty value is a flag. */
export function uploadMetadata(values) {
  return Object.entries(values ?? {})
    .map(([key, value]) => (value === '' ? key : `${key} ${base64(value)}`))
    .join(',');
}

function base64(text) {
  const bytes = new TextEncoder().encode(text);
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}
