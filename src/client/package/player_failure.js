// Why a video does not play.

/**
 * `reason`: refused (the application or the service gives no playback), network, no_source (the playback has no address
 * that this client plays), unsupported (the browser can play neither), library (hls.js did not load), media (the stream
 * is damaged or gone). `problem`: the problem document of a refusal, or null.
 */
export class PlayerFailure extends Error {
  constructor(reason, { detail = '', status = 0, problem = null, cause } = {}) {
    super(detail || reason, { cause });
    this.name = 'PlayerError';
    Object.assign(this, { reason, status, problem });
  }
}
