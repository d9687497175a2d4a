// The public API, and nothing but it.

/** Where the service is, with a slash at the end: the page is at its root. */
export const SERVICE = new URL('./', document.baseURI);

/** A refusal: what its problem document said. Status 0: no answer came. */
export class ApiError extends Error {
  constructor(status, problem = {}, retryAfter = null) {
    super(problem.detail || problem.title || `status ${status}`);
    this.name = 'ApiError';
    this.status = status;
    this.code = problem.code ?? (status === 0 ? 'network' : 'unknown');
    this.detail = problem.detail ?? '';
    this.errors = problem.errors ?? [];
    this.requestId = problem.request_id ?? '';
    this.videoStatus = problem.video_status ?? null;
    this.retryAfter = retryAfter;
  }
}

/** Every call that the page makes. */
export class Api {
  #session;

  constructor(session) {
    this.#session = session;
  }

  /** What the token may do and choose. */
  session() { return this.#json('GET', 'v1/session'); }

  createUpload(body, key) {
    return this.#json('POST', 'v1/uploads', { body, headers: { 'Idempotency-Key': key } });
  }

  list({ status, cursor, limit = 24 }) {
    const query = new URLSearchParams({ limit });
    if (status) query.set('status', status);
    if (cursor) query.set('cursor', cursor);
    return this.#json('GET', `v1/videos?${query}`);
  }

  read(id) { return this.#json('GET', `v1/videos/${id}`); }
  change(id, members) { return this.#json('PATCH', `v1/videos/${id}`, { body: members }); }
  cancel(id) { return this.#json('POST', `v1/videos/${id}/cancel`); }
  remove(id) { return this.#json('DELETE', `v1/videos/${id}`); }
  thumbnails(id, time) { return this.#json('GET', `v1/videos/${id}/thumbnails${time === undefined ? '' : `?time=${time}`}`); }

  /** `{playback, aheadMs}`: how far the service's clock is ahead of ours, to count down to its times. */
  async playback(id) {
    const response = await this.#call('GET', `v1/videos/${id}/playback`);
    const now = Date.parse(response.headers.get('Date') ?? '');
    return { playback: await response.json(), aheadMs: Number.isNaN(now) ? 0 : now - Date.now() };
  }

  /** Thumbnails of many videos at once: id → sizes. One that has none is left out. */
  async thumbnailsOf(ids) {
    const answer = await this.#json('POST', 'v1/playback', { body: { ids } });
    return new Map(answer.data.filter((one) => one.thumbnails).map((one) => [one.video_id, one.thumbnails]));
  }

  /** `{video, etag, retryAfter}`; `video` is null while nothing has changed since `etag`. */
  async readSince(id, etag, signal) {
    const headers = etag ? { 'If-None-Match': etag } : {};
    const response = await this.#call('GET', `v1/videos/${id}`, { headers, signal, cache: 'no-store' });
    const hint = Number(response.headers.get('Retry-After'));
    const video = response.status === 304 ? null : await response.json();
    return { video, etag: response.headers.get('ETag') ?? etag, retryAfter: Number.isFinite(hint) ? hint : 0 };
  }

  async #json(method, path, options) {
    const response = await this.#call(method, path, options);
    return response.status === 204 ? null : response.json();
  }

  async #call(method, path, options = {}) {
    const used = this.#session.token;
    const response = await this.#send(method, path, options);
    if (response.status !== 401) return this.#checked(response);
    // Another token may have come meanwhile.
    const { token } = this.#session;
    if (token === used) this.#session.refuse();
    return this.#checked(token !== used && token !== '' ? await this.#send(method, path, options) : response);
  }

  async #send(method, path, { body, headers = {}, ...more }) {
    const all = { Authorization: `Bearer ${this.#session.token}`, ...headers };
    if (body !== undefined) all['Content-Type'] = 'application/json';
    try {
      return await fetch(new URL(path, SERVICE), { method, headers: all, body: body === undefined ? undefined : JSON.stringify(body), ...more });
    } catch (error) {
      if (error.name === 'AbortError') throw error;
      throw new ApiError(0);
    }
  }

  async #checked(response) {
    if (response.ok || response.status === 304) return response;
    const problem = await response.json().catch(() => ({}));
    throw new ApiError(response.status, problem, Number(response.headers.get('Retry-After')) || null);
  }
}
