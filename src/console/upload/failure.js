// Why a piece of an upload did not get through, and what can be done about it.

/** What a failure means for the transfer. */
export const RETRY = 'retry'; // the connection or the server: again, from where the server says it is
export const RESYNC = 'resync'; // the server disagrees about the offset: ask, then go on
export const FATAL = 'fatal'; // no repetition helps

/** An upload that does not go on by itself. `reason` is one of: network, expired, too_large, empty, full, refused, server, aborted. */
export class UploadFailure extends Error {
  constructor(reason, { kind = FATAL, status = 0, wait = 0, detail = '' } = {}) {
    super(detail || `${reason}${status ? ` (${status})` : ''}`);
    this.name = 'UploadFailure';
    Object.assign(this, { reason, kind, status, wait, detail });
  }
}

export const aborted = () => new UploadFailure('aborted');

/** What a status that is no success means. */
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

/** Seconds or an HTTP date, as milliseconds. */
function retryAfter(response) {
  const text = response.header('Retry-After');
  if (!text) return 0;
  const seconds = Number(text);
  const wait = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(wait) ? Math.min(Math.max(wait, 0), 120_000) : 0;
}

/** What the server said, where it said it in one of the usual forms. */
function messageOf(response) {
  try {
    const body = JSON.parse(response.text);
    const said = body.detail ?? body.error?.messages?.[0] ?? body.errors?.[0]?.message ?? body.message ?? body.title;
    return typeof said === 'string' ? said.slice(0, 200) : '';
  } catch {
    return '';
  }
}
