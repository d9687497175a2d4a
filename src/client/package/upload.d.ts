/** `upload` of the answer of POST /v1/uploads. */
export interface UploadDescriptor {
  protocol: 'put' | 'put_content_range' | 'post_form' | 'post_form_content_range' | 'tus_existing' | 'tus_create' | (string & {});
  method?: string;
  url: string;
  headers?: Record<string, string>;
  form_fields?: Record<string, string>;
  file_field?: string | null;
  tus_metadata?: Record<string, string>;
  chunk?: { min?: number; multiple?: number; default?: number; max?: number } | null;
  max_bytes?: number | null;
  expires_at?: string | null;
}

/** A video of the service. Your backend may add members of its own. */
export interface Video {
  id: string;
  title?: string | null;
  status?: string;
  events_url?: string;
  /** Files besides the stream. */
  renditions?: {
    name: string; kind: 'video' | 'audio' | 'source'; status: 'preparing' | 'ready' | 'errored';
    width: number | null; height: number | null; bytes: number | null; bitrate: number | null;
  }[];
  /** The file that is to take the video's place; null where there is none. */
  replacement?: { video_id: string; provider: string; status: string; error: { code: string; message: string } | null } | null;
  [member: string]: unknown;
}

/** The answer of POST /v1/uploads. */
export interface Begun {
  video?: Video | null;
  upload: UploadDescriptor;
}

export interface BeginContext {
  /** The same for every repetition of one upload: pass it on as `Idempotency-Key`. */
  idempotencyKey: string;
  /** Aborted when the upload is cancelled. */
  signal: AbortSignal;
}

/** Your function: asks your backend, or the service, for an upload. A Response is read; a refusal rejects the upload. */
export type Begin = (file: File, context: BeginContext) => Promise<Begun | Response>;

export interface UploadOptions {
  begin: Begin;
  /** Called with every change of state or progress. */
  onProgress?(upload: Upload): void;
  /** Cancels the upload. */
  signal?: AbortSignal;
  /** Whose upload it is. An upload that is stored for a reload goes on only under the same owner. */
  owner?: string;
  /** Whether a stored upload of the same file goes on, and this one is stored; default true. */
  resume?: boolean;
}

export interface Uploaded {
  /** What `begin` gave as `video`, or null. */
  video: Video | null;
  /** Whether an upload from before a reload of the page went on. */
  resumed: boolean;
}

export type UploadState = 'queued' | 'starting' | 'sending' | 'retrying' | 'paused' | 'done' | 'failed' | 'cancelled';

/** One file on its way. Fires `change`. Await it for the end. */
export class Upload extends EventTarget implements PromiseLike<Uploaded> {
  private constructor();
  readonly file: File;
  readonly state: UploadState;
  /** Bytes. */
  readonly sent: number;
  /** Bytes. */
  readonly total: number;
  /** Bytes a second; 0 while unknown. */
  readonly speed: number;
  /** Null while unknown. */
  readonly secondsLeft: number | null;
  /** Whether the protocol can pause. */
  readonly canPause: boolean;
  readonly video: Video | null;
  readonly descriptor: UploadDescriptor | null;
  /** Why it failed. */
  readonly error: UploadError | null;
  readonly resumed: boolean;
  pause(): void;
  resume(): Promise<void>;
  /** Stops for good and forgets what was stored. Cancel the video at the service as well. */
  cancel(): void;
  /** After a failure: goes on, or begins anew where the upload address is dead. Await the upload again for its end. */
  retry(): void;
  then<A = Uploaded, B = never>(done?: ((value: Uploaded) => A | PromiseLike<A>) | null, failed?: ((error: UploadError) => B | PromiseLike<B>) | null): Promise<A | B>;
  catch<B = never>(failed?: ((error: UploadError) => B | PromiseLike<B>) | null): Promise<Uploaded | B>;
  finally(call?: (() => void) | null): Promise<Uploaded>;
}

export type UploadReason = 'network' | 'expired' | 'too_large' | 'empty' | 'full' | 'refused' | 'server' | 'not_begun' | 'cancelled';

export class UploadError extends Error {
  private constructor();
  readonly name: 'UploadError';
  readonly reason: UploadReason;
  /** Status of the last answer; 0 where there was none. */
  readonly status: number;
  /** What the server said. */
  readonly detail: string;
  /** The problem document of a refused `begin`, or null. */
  readonly problem: Record<string, unknown> | null;
}

/** Sends one file. At most two files of a page are sent at the same time; the others wait in the state `queued`. */
export function upload(file: File, options: UploadOptions): Upload;

/** The upload that the same file would go on with, or null. Begins nothing. */
export function stored(file: File, options?: { owner?: string }): { video: Video | null; offset: number } | null;

/** Words of `<yourbit-upload>`; `{name}`, `{sent}`, `{total}`, `{time}` and `{detail}` stand for values. */
export interface UploadLabels {
  choose: string; uploads: string; queued: string; starting: string; sending: string; left: string; retrying: string;
  paused: string; done: string; cancelled: string; pause: string; resume: string; cancel: string; retry: string;
  remove: string; progress: string; not_accepted: string; network: string; expired: string; too_large: string;
  empty: string; full: string; server: string; refused: string; not_begun: string;
}

/** `detail` of `upload-started`, `upload-done`, `upload-failed` and `upload-cancelled`. */
export interface UploadEventDetail {
  upload: Upload;
  file: File;
  video: Video | null;
  error: UploadError | null;
}

/** `<yourbit-upload>`. */
export interface YourbitUploadElement extends HTMLElement {
  begin: Begin | null;
  owner: string | undefined;
  labels: Partial<UploadLabels>;
  readonly uploads: Upload[];
  add(files: Iterable<File>): Promise<void>;
}

declare global {
  interface HTMLElementTagNameMap {
    'yourbit-upload': YourbitUploadElement;
  }
}
