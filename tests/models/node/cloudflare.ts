// The types of `cloudflare` that our calls, answers and events are held against.
import type { Caption } from "cloudflare/resources/stream/captions/captions";
import type { LanguageDeleteResponse, LanguageUpdateParams } from "cloudflare/resources/stream/captions/language/language";
import type { VttGetResponse } from "cloudflare/resources/stream/captions/language/vtt";
import type { CopyCreateParams } from "cloudflare/resources/stream/copy";
import type { DirectUploadCreateParams, DirectUploadCreateResponse } from "cloudflare/resources/stream/direct-upload";
import type { DownloadGetResponse } from "cloudflare/resources/stream/downloads";
import type { StreamCreateParams, StreamEditParams, StreamListParams, Video } from "cloudflare/resources/stream/stream";
import type { TokenCreateParams, TokenCreateResponse } from "cloudflare/resources/stream/token";

export type Types = [CopyCreateParams, DirectUploadCreateParams, LanguageUpdateParams, StreamCreateParams, StreamEditParams, StreamListParams, TokenCreateParams, Video, VttGetResponse];

// The envelope of every answer, which the SDK takes off.
interface Envelope {
  success: true;
  errors: { code: number; message: string }[];
  messages: { code: number; message: string }[];
}
export interface VideoAnswer extends Envelope {
  result: Video;
}
export interface VideosAnswer extends Envelope {
  result: Video[];
}
export interface DownloadsAnswer extends Envelope {
  result: DownloadGetResponse;
}
export interface CaptionAnswer extends Envelope {
  result: Caption;
}
export interface CaptionsAnswer extends Envelope {
  result: Caption[];
}
export interface CaptionGone extends Envelope {
  result: LanguageDeleteResponse;
}
export interface TokenAnswer extends Envelope {
  result: TokenCreateResponse;
}
export interface DirectUploadAnswer extends Envelope {
  result: DirectUploadCreateResponse;
}
export interface ErrorAnswer {
  success: false;
  errors: { code: number; message: string }[];
  messages: { code: number; message: string }[];
}
