// The public API, and nothing but it.

import { publishChange } from './news.js';

/** Where the service is, with a slash at the end: the page is at its root. */
export const SERVICE = new URL('./', document.baseURI);

/** Calls that send a body and change nothing. */
const READS = ['v1/playback'];

/** A refusal: what its problem document said. Status 0: no answer came. */
export class ApiError extends Error {
  constructor(status, problem = {}, retryAfter = null) {
    super(problem.detail || problem.title || `status ${status}`);
    this.problem = problem;
    this.name = 'ApiError';
    this.status = status;
    this.code = problem.code ?? (status === 0 ? 'network' : 'unknown');
    this.detail = problem.detail ?? '';
    this.errors = problem.errors ?? [];
    this.requestId = problem.request_id ?? '';
    this.videoStatus = problem.video_status ?? null;
    this.retryAfter = retryAfter;
  }

  /** The refusal that the client of the service was given. */
  static of({ status, problem }) { return new ApiError(status, problem ?? {}, problem?.retry_after ?? null); }
}

/** Every call that the page makes. */
export class Api {
  #session;

  constructor(session) {
    this.#session = session;
  }

  /** Whose calls these are: the page's session. */
  get caller() { return this.#session; }

  /** What the token may do and choose. */
  session() { return this.json('GET', 'v1/session'); }

  /** Begins an upload; gives the response whatever it is, as the client of the service wants it. */
  async beginUpload(body, key) {
    try {
      const response = await this.#respond('POST', 'v1/uploads', { body, headers: { 'Idempotency-Key': key } });
      if (response.ok) publishChange();
      return response;
    } catch (error) {
      // What `fetch` would have thrown: the client tries again.
      throw error.status === 0 ? new TypeError('The service does not answer.') : error;
    }
  }

  /** A page of videos. `query`: the parameters of the call, a URLSearchParams. */
  list(query, options) { return this.json('GET', `v1/videos?${query}`, options); }

  read(id) { return this.json('GET', `v1/videos/${id}`); }
  change(id, members) { return this.json('PATCH', `v1/videos/${id}`, { body: members }); }
  cancel(id) { return this.json('POST', `v1/videos/${id}/cancel`); }
  refresh(id) { return this.json('POST', `v1/admin/videos/${id}/refresh`); }
  remove(id) { return this.json('DELETE', `v1/videos/${id}`); }
  thumbnails(id, time) { return this.json('GET', `v1/videos/${id}/thumbnails${time === undefined ? '' : `?time=${time}`}`); }

  makeFile(id, name) { return this.json('POST', `v1/videos/${id}/renditions`, { body: { name } }); }
  removeFile(id, name) { return this.json('DELETE', `v1/videos/${id}/renditions/${name}`); }

  /** Adds a track from a file of captions. `query`: language, name, kind. */
  sendTrack(id, query, file) {
    const type = /\.srt$/i.test(file.name) ? 'application/x-subrip' : 'text/vtt';
    return this.json('POST', `v1/videos/${id}/tracks?${new URLSearchParams(query)}`, { raw: file, headers: { 'Content-Type': type } });
  }

  /** Adds a track that the provider fetches or writes. */
  askForTrack(id, body) { return this.json('POST', `v1/videos/${id}/tracks`, { body }); }
  removeTrack(id, track) { return this.json('DELETE', `v1/videos/${id}/tracks/${track}`); }

  /** The WebVTT of a track. */
  async trackFile(id, track) {
    const response = await this.#call('GET', `v1/videos/${id}/tracks/${track}`, { headers: { Accept: 'text/vtt' } });
    return response.text();
  }

  /** An address of a file, which saves it under this name where the provider can say so. */
  async fileAddress(id, name, saveAs) {
    const ask = (query) => this.json('GET', `v1/videos/${id}/playback${query}`);
    const saving = ask(`?download=${encodeURIComponent(saveAs)}`).catch((error) => {
      if (error.code === 'not_supported' || error.status === 400) return ask('');
      throw error;
    });
    const { renditions } = await saving;
    const found = renditions.find((file) => file.name === name);
    if (!found) throw new ApiError(404, { code: 'not_supported', detail: 'The provider gives this file no address.' });
    return found.url;
  }

  /** Gives up the file that is to take the video's place. */
  giveUpReplacement(id) { return this.json('DELETE', `v1/videos/${id}/replacement`); }

  /** Begins an ingest: the provider fetches the file from its address. */
  ingest(body) { return this.json('POST', 'v1/videos', { body, headers: { 'Idempotency-Key': crypto.randomUUID() } }); }

  /** `{playback, aheadMs}`: how far the service's clock is ahead of ours, to count down to its times. */
  async playback(id) {
    const response = await this.#call('GET', `v1/videos/${id}/playback`);
    const now = Date.parse(response.headers.get('Date') ?? '');
    return { playback: await response.json(), aheadMs: Number.isNaN(now) ? 0 : now - Date.now() };
  }

  /** Thumbnails of many videos at once: id → sizes. One that has none is left out. */
  async thumbnailsOf(ids) {
    const answer = await this.json('POST', 'v1/playback', { body: { ids } });
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

  /** One call: the JSON of its answer, null for 204. `options`: `body` (an object) or `raw`, `headers`, and what `fetch` takes. */
  async json(method, path, options) {
    const response = await this.#call(method, path, options);
    if (method !== 'GET' && !READS.includes(path)) publishChange();
    return response.status === 204 ? null : response.json();
  }

  async #call(method, path, options) {
    return this.#checked(await this.#respond(method, path, options));
  }

  /** The response, whatever it is; a refused token ends the session. */
  async #respond(method, path, options = {}) {
    const used = this.#session.token;
    const response = await this.#send(method, path, options);
    if (response.status !== 401) return response;
    // Another token may have come meanwhile.
    const { token } = this.#session;
    if (token === used) this.#session.refuse();
    return token !== used && token !== '' ? this.#send(method, path, options) : response;
  }

  async #send(method, path, { body, raw, headers = {}, ...more }) {
    const all = { Authorization: `Bearer ${this.#session.token}`, ...headers };
    if (body !== undefined) all['Content-Type'] = 'application/json';
    const sent = body === undefined ? raw : JSON.stringify(body);
    const early = method === 'GET' ? await takeEarly(path, this.#session.token) : null;
    if (early) return early;
    try {
      return await fetch(new URL(path, SERVICE), { method, headers: all, body: sent, ...more });
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

/** The answer that `early.js` has asked for: once, and only for the token that it asked with. */
function takeEarly(path, token) {
  const { early } = globalThis;
  if (early?.token !== token) return null;
  const answer = early.answers.get(path) ?? null;
  early.answers.delete(path);
  return answer;
}
