// What went wrong, in words that help: what happened, and what one can do.

import { ApiError } from './api.js';
import { h } from './dom.js';
import { bytes } from './format.js';
import { icon } from './icons.js';

const wait = (error) => (error.retryAfter ? ` in ${error.retryAfter} s` : ' in a moment');

/** By the problem's code, where the page can say more than the problem's own detail, which is `d`. */
const PROBLEMS = {
  network: () => 'The service does not answer. Check your connection; nothing is lost, just try again.',
  unauthenticated: () => 'Your token is not accepted any more. Paste a fresh one to go on.',
  forbidden: (d) => `Your token does not allow this. ${d}`,
  not_found: () => 'This video does not exist any more, or it belongs to somebody else.',
  video_not_ready: () => 'The video does not play yet. It will as soon as it is ready.',
  upload_finished: () => 'Too late to cancel: the whole file has arrived already. You can delete the video instead.',
  cancel_unsupported: () => 'The video provider cannot call this upload off. It ends by itself when its address expires.',
  replacement_in_progress: () => 'Another file is on its way to take this video’s place. Give that up first.',
  not_supported: (d) => `The video provider cannot do this. ${d}`,
  idempotency_in_progress: () => 'The same request is still being answered. Try again in a moment.',
  precondition_failed: () => 'Somebody else has changed the video meanwhile. Reload the page and try again.',
  rate_limited: (d, error) => `${d || 'That was a lot in a short time.'} Try again${wait(error)}.`,
  provider_rejected: (d) => `The video provider refused: ${d}`,
  provider_unavailable: (d, error) => (error.status === 503 ? d : `The video provider does not answer. Try again${wait(error)}.`),
  provider_busy: (_, error) => `Many uploads or videos are asked of the video provider just now. Try again${wait(error)}.`,
  unavailable: (_, error) => `The service is busy or restarting. Try again${wait(error)}.`,
  method_not_allowed: () => 'This version of the service cannot do that.',
  internal: () => 'Something went wrong inside the service. Try again; if it stays, the request id helps to find it.',
};

const UPLOADS = {
  network: () => `The connection broke and did not come back. Check it, then try again.${elsewhere()}`,
  expired: () => 'The upload address is no longer valid: it has expired, or the upload was cancelled. Begin the upload anew.',
  too_large: (f, most) => (most ? `The file is larger than the ${bytes(most)} that are allowed.` : 'The file is larger than the video provider takes.'),
  empty: () => 'The file is empty.',
  full: () => 'The server has no room left for the file. Tell whoever runs it, and try again later.',
  server: (f) => `The upload server failed again and again (status ${f.status}). Try again later.`,
  refused: (f) => `The upload server refused the file${f.status ? ` (status ${f.status})` : ''}. ${f.detail}`.trim(),
  not_begun: (f) => (f.problem ? explain(ApiError.of(f)) : f.cause?.name === 'TypeError' || !f.detail ? PROBLEMS.network() : f.detail),
  cancelled: () => 'The upload was cancelled.',
};

/** Why a module of the page may not come: the line broke, or the service has another release since the page was opened. */
const isLoadFailure = (error) => error instanceof TypeError && /import|module/i.test(error.message);

/** Uploads are allowed from the public address alone. */
function elsewhere() {
  const known = document.querySelector('meta[name="public-url"]')?.content ?? '';
  const same = !known || known === location.origin || known.startsWith(`${location.origin}/`);
  return same ? '' : ` This page was opened as ${location.origin}, but the service is known as ${known}: open it there, or set http.public_url.`;
}

/** One or two sentences. */
export function explain(error, { maxBytes } = {}) {
  if (error?.name === 'UploadError') return (UPLOADS[error.reason] ?? UPLOADS.refused)(error, maxBytes);
  if (error?.name === 'ClientMissing') return error.message;
  if (isLoadFailure(error)) return 'A part of this page did not load. Check your connection, or the page is from an older release of the service: reload it.';
  if (!(error instanceof ApiError)) return `The page has a fault of its own: ${error?.message ?? error}. Reload it.`;
  if (error.code === 'invalid_body') {
    const said = error.errors.map((one) => `${one.pointer.slice(1).replaceAll('_', ' ') || 'the request'} ${one.detail}`);
    return `Something you entered is not accepted: ${said.join('; ') || error.detail}.`.replace('..', '.');
  }
  const words = PROBLEMS[error.code];
  return words ? words(error.detail, error) : error.detail || `The service answered with status ${error.status}.`;
}

/** The same as a box that is read out at once, with a way on where there is one. */
export function problemBox(error, { retry, label = 'Try again', ...context } = {}) {
  const id = error.requestId && error.status >= 500 ? h('p', { class: 'hint' }, 'Request id: ', h('code', {}, error.requestId)) : null;
  const again = retry ? h('button', { type: 'button', class: 'quiet', onclick: retry }, label) : null;
  return noticeBox(explain(error, context), id, again);
}

/** A sentence about what is wrong, read out at once. */
export function noticeBox(text, ...more) {
  return h('div', { class: 'problem', role: 'alert' }, icon('warning'), h('div', {}, h('p', {}, text), ...more));
}

/** Statuses as people say them. */
export const STATUS = {
  created: 'Starting',
  waiting: 'Waiting',
  sending: 'Uploading',
  stopped: 'Upload stopped',
  preparing: 'Preparing',
  ready: 'Ready',
  errored: 'Failed',
  cancelled: 'Cancelled',
  expired: 'Expired',
  deleting: 'Deleting',
  deleted: 'Deleted',
};
