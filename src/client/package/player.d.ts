/** The answer of GET /v1/videos/{id}/playback. */
export interface Playback {
  video_id?: string;
  playback_policy?: 'public' | 'signed';
  playback_id?: string | null;
  expires_at?: string | null;
  refresh_after?: string | null;
  urls: { hls?: string; mp4?: string; storyboard?: string; [name: string]: string | undefined };
  thumbnails?: Record<string, string>;
  /** Files besides the stream that are ready. */
  renditions?: PlaybackRendition[];
  duration_seconds?: number | null;
  aspect_ratio?: string | null;
  width?: number | null;
  height?: number | null;
  /** Only where the service gives titles to viewers. */
  title?: string;
  /** Captions that are ready, for `<track>`. */
  tracks?: PlaybackTrack[];
  [member: string]: unknown;
}

/** A file of a video besides its stream, with its address. */
export interface PlaybackRendition {
  name: string;
  kind: 'video' | 'audio' | 'source';
  url: string;
  width: number | null;
  height: number | null;
  bytes: number | null;
  bitrate: number | null;
}

/** A track of text, with the address of its WebVTT. One that the stream has itself is shown once. */
export interface PlaybackTrack {
  id?: string;
  kind: 'subtitles' | 'captions' | 'descriptions' | 'chapters';
  /** A BCP 47 tag. */
  language?: string | null;
  /** For viewers. */
  name?: string | null;
  source?: 'uploaded' | 'generated' | 'embedded';
  url: string;
  [member: string]: unknown;
}

/** Why a playback is asked for: `load` begins, `renewal` comes before the addresses end, `error` after a failure. */
export interface PlaybackContext {
  reason: 'load' | 'renewal' | 'error';
}

/** Your function: asks your backend, or the service, for a playback. A Response is read. */
export type AskPlayback = (context: PlaybackContext) => Promise<Playback | Response>;

export interface PlayOptions {
  playback: AskPlayback;
  autoplay?: boolean;
  onError?(error: PlayerError): void;
  /** Settings of hls.js. */
  hls?: object;
}

/** One video in one media element. Fires `load`, `renewal` and `error`. */
export class Player extends EventTarget {
  private constructor();
  readonly element: HTMLMediaElement;
  /** The answer that is in use; null before the first. */
  readonly playback: Playback | null;
  readonly error: PlayerError | null;
  /** How it plays; empty before. */
  readonly way: '' | 'hls.js' | 'native' | 'file';
  readonly audioTracks: { label: string; language: string; selected: boolean }[];
  selectAudio(index: number): void;
  /** Asks for a playback anew: the same video goes on at its place. Never rejects: see `error`. */
  load(): Promise<void>;
  /** Stops and gives the element back. */
  close(): void;
  /** The frame of the storyboard at this second; null while there is none. */
  previewAt(seconds: number): { url: string; x: number; y: number; width: number; height: number } | null;
}

export class PlayerError extends Error {
  private constructor();
  readonly name: 'PlayerError';
  readonly reason: 'refused' | 'network' | 'no_source' | 'unsupported' | 'library' | 'media';
  readonly status: number;
  /** The problem document of a refused playback, or null. */
  readonly problem: Record<string, unknown> | null;
}

/** Plays one video in a media element. */
export function play(element: HTMLMediaElement, options: PlayOptions): Player;

/** Words of `<yourbit-player>`; `{at}`, `{duration}` and `{detail}` stand for values. */
export interface PlayerLabels {
  player: string; play: string; pause: string; mute: string; unmute: string; volume: string; seek: string;
  position: string; captions: string; off: string; audio: string; fullscreen: string; leave_fullscreen: string;
  again: string; refused: string; network: string; no_source: string; unsupported: string; library: string; media: string;
}

/** `detail` of `player-load`, `player-renewal` and `player-error`. */
export interface PlayerEventDetail {
  player: Player | null;
  error: PlayerError | undefined;
}

/** `<yourbit-player>`. */
export interface YourbitPlayerElement extends HTMLElement {
  playback: AskPlayback | null;
  labels: Partial<PlayerLabels>;
  hls: object | undefined;
  readonly player: Player | null;
  readonly media: HTMLVideoElement | null;
  load(): Promise<void>;
}

declare global {
  interface HTMLElementTagNameMap {
    'yourbit-player': YourbitPlayerElement;
  }
}
