// The types of `@api.video/nodejs-client` that our calls, answers and events are held against.
import type Caption from "@api.video/nodejs-client/lib/model/Caption";
import type CaptionsListResponse from "@api.video/nodejs-client/lib/model/CaptionsListResponse";
import type NotFound from "@api.video/nodejs-client/lib/model/NotFound";
import type TokenCreationPayload from "@api.video/nodejs-client/lib/model/TokenCreationPayload";
import type UploadToken from "@api.video/nodejs-client/lib/model/UploadToken";
import type Video from "@api.video/nodejs-client/lib/model/Video";
import type VideoCreationPayload from "@api.video/nodejs-client/lib/model/VideoCreationPayload";
import type VideoStatus from "@api.video/nodejs-client/lib/model/VideoStatus";
import type VideoUpdatePayload from "@api.video/nodejs-client/lib/model/VideoUpdatePayload";
import type VideosListResponse from "@api.video/nodejs-client/lib/model/VideosListResponse";

export type Types = [
  Caption,
  CaptionsListResponse,
  NotFound,
  TokenCreationPayload,
  UploadToken,
  Video,
  VideoCreationPayload,
  VideoStatus,
  VideoUpdatePayload,
  VideosListResponse,
];

// The list's arguments beside the video, and the form of an upload.
export interface CaptionsQuery {
  currentPage?: number;
  pageSize?: number;
}
export interface CaptionForm {
  file: string;
}

// The SDK has no types of events. These are the shapes of its documentation of webhooks.
export interface QualityEncoded {
  type: "video.encoding.quality.completed";
  emittedAt: string;
  videoId: string;
  liveStreamId?: string;
  encoding: "hls" | "mp4";
  quality: string;
}
export interface CaptionGenerated {
  type: "video.caption.generated";
  emittedAt: string;
  videoId: string;
  language: string;
}
export type Event = QualityEncoded | CaptionGenerated;
