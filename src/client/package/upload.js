// Sends files to whichever provider is behind the service.
//
//   const { video } = await upload(file, { begin: (file, { idempotencyKey }) => fetch('/my/uploads', …) });

import { UploadFailure } from './failure.js';
import { storedUpload } from './resume.js';
import { defineUploadElement } from './upload_element.js';
import { UploadTask } from './upload_task.js';

/** What `upload` gives. */
export const Upload = UploadTask;
/** What it rejects with. */
export const UploadError = UploadFailure;

/** Sends one file; see upload.d.ts for the options. */
export function upload(file, options) {
  return new UploadTask(file, options);
}

/** Returns the upload that the same file would go on with, `{ video, offset }`, or null. Begins nothing. */
export function stored(file, { owner } = {}) {
  return storedUpload(file, owner);
}

defineUploadElement();
