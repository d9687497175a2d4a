// The types of `@mux/mux-node` that our calls, answers and events are held against.
import type { Asset, AssetCreateParams, AssetListParams, AssetResponse, AssetUpdateParams } from "@mux/mux-node/resources/video/assets";
import type {
  AssetCreatePlaybackIdParams,
  AssetCreateStaticRenditionParams,
  AssetCreateTrackParams,
  AssetGenerateSubtitlesParams,
  AssetUpdateMasterAccessParams,
  StaticRendition,
  Track,
} from "@mux/mux-node/resources/video/assets";
import type { PlaybackIdsRetrieveResponse } from "@mux/mux-node/resources/video/playback-ids";
import type { Upload, UploadCreateParams, UploadListParams, UploadResponse } from "@mux/mux-node/resources/video/uploads";
import type { SigningKey } from "@mux/mux-node/resources/system/signing-keys";
import type { PlaybackId } from "@mux/mux-node/resources/shared";
import type { UnwrapWebhookEvent } from "@mux/mux-node/resources/webhooks/webhooks";

export type Types = [
  AssetCreateParams,
  AssetCreatePlaybackIdParams,
  AssetCreateStaticRenditionParams,
  AssetCreateTrackParams,
  AssetGenerateSubtitlesParams,
  AssetListParams,
  AssetResponse,
  AssetUpdateMasterAccessParams,
  AssetUpdateParams,
  UnwrapWebhookEvent,
  UploadCreateParams,
  UploadListParams,
  UploadResponse,
];

// Every answer is wrapped in `data`; the SDK has types for some of the wrapped ones only.
export interface UploadPage {
  data: Upload[];
}
// The client's own page says that the cursor is always a text, and stops where it is none.
export interface AssetPage {
  data: Asset[];
  next_cursor?: string | null;
}
export interface PlaybackIdAnswer {
  data: PlaybackId;
}
export interface PlaybackIdOwner {
  data: PlaybackIdsRetrieveResponse;
}
export interface SigningKeyAnswer {
  data: SigningKey;
}
export interface TrackAnswer {
  data: Track;
}
export interface TracksAnswer {
  data: Track[];
}
export interface StaticRenditionAnswer {
  data: StaticRendition;
}

// The SDK has no type of errors. This is the shape of its recorded traffic.
export interface ErrorAnswer {
  error: { type: string; messages: string[] };
}
