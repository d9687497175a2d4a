// Why an upload stops, and whether a repetition helps.

/** The connection or the server failed: the transfer asks for the offset and goes on. */
export const RETRY = 'retry';
/** The server disagrees about the offset: the transfer asks for it, a few times. */
export const RESYNC = 'resync';
/** No repetition helps. */
export const FATAL = 'fatal';

/**
 * An upload that does not go on by itself. `reason`: network, expired, too_large, empty, full, refused, server,
 * not_begun, cancelled. `problem`: the problem document of a refused `begin`, or null.
 */
export class UploadFailure extends Error {
  constructor(reason, { kind = FATAL, status = 0, wait = 0, detail = '', problem = null, cause } = {}) {
    super(detail || `${reason}${status ? ` (${status})` : ''}`, { cause });
    this.name = 'UploadError';
    Object.assign(this, { reason, kind, status, wait, detail, problem });
  }
}

export const cancelled = () => new UploadFailure('cancelled');

/** Returns what a status that is no success means. */
export function failureOf(response) {
  const { status } = response;
  const detail = messageOf(response);
  const of = (reason, kind, wait = 0) => new UploadFailure(reason, { kind, status, wait, detail });
  if (status === 0) return of('network', RETRY);
  if (status === 429 || status === 503) return of('server', RETRY, retryAfter(response));
  if ([408, 423, 425, 500, 502, 504].includes(status)) return of('server', RETRY);
  if ([400, 409, 416].includes(status)) return of('refused', RESYNC);
  if ([401, 403, 404, 410, 499].includes(status)) return of('expired', FATAL);
  if (status === 413) return of('too_large', FATAL);
  if (status === 507) return of('full', FATAL);
  return of(status >= 500 ? 'server' : 'refused', status >= 500 ? RETRY : FATAL);
}

/** Returns `Retry-After`, seconds or an HTTP date, in milliseconds. */
export function retryAfter(response) {
  const text = response.header('Retry-After');
  if (!text) return 0;
  const seconds = Number(text);
  const wait = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(wait) ? Math.min(Math.max(wait, 0), 120_000) : 0;
}

/** Returns the message of the body, where it has one of the usual forms. */
function messageOf(response) {
  try {
    const body = JSON.parse(response.text);
    const said = body.detail ?? body.error?.messages?.[0] ?? body.errors?.[0]?.message ?? body.message ?? body.title;
    return typeof said === 'string' ? said.slice(0, 200) : '';
  } catch {
    return '';
  }
}
