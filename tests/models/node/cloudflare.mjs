// What `cloudflare` can do of what our maps do with Cloudflare Stream.
import Cloudflare from "cloudflare";

const token = { apiToken: "token", maxRetries: 0 };
const account = { account_id: "param" };
const video = { ...account, identifier: "param" };
const tus = { "Tus-Resumable": "1.0.0", "Upload-Length": 1 };

export default {
  package: "cloudflare",
  base: () => new Cloudflare(token).baseURL,
  client: (baseURL) => new Cloudflare({ ...token, baseURL }),
  operations: [
    // The answer to a tus creation is in its headers.
    { call: (cloudflare) => cloudflare.stream.create({ ...account, ...tus }), params: "StreamCreateParams" },
    { call: (cloudflare) => cloudflare.stream.directUpload.create(account), params: "DirectUploadCreateParams", answer: "DirectUploadAnswer" },
    { call: (cloudflare) => cloudflare.stream.list(account), params: "StreamListParams", answer: "VideosAnswer" },
    { call: (cloudflare) => cloudflare.stream.get("param", account), answer: "VideoAnswer" },
    { call: (cloudflare) => cloudflare.stream.copy.create(account), params: "CopyCreateParams", answer: "VideoAnswer" },
    { call: (cloudflare) => cloudflare.stream.downloads.get("param", account), answer: "DownloadsAnswer" },
    { call: (cloudflare) => cloudflare.stream.captions.get("param", account), answer: "CaptionsAnswer" },
    { call: (cloudflare) => cloudflare.stream.captions.language.update("param", { ...video, file: "WEBVTT" }), params: "LanguageUpdateParams", answer: "CaptionAnswer" },
    { call: (cloudflare) => cloudflare.stream.captions.language.create("param", video), answer: "CaptionAnswer" },
    { call: (cloudflare) => cloudflare.stream.captions.language.delete("param", video), answer: "CaptionGone" },
    { call: (cloudflare) => cloudflare.stream.captions.language.vtt.get("param", video), answer: "VttGetResponse" },
    { call: (cloudflare) => cloudflare.stream.edit("param", account), params: "StreamEditParams", answer: "VideoAnswer" },
    { call: (cloudflare) => cloudflare.stream.delete("param", account) },
    { call: (cloudflare) => cloudflare.stream.token.create("param", account), params: "TokenCreateParams", answer: "TokenAnswer" },
  ],
  error: "ErrorAnswer",
  // Its documentation: an event is the video, as the API shows it.
  event: "Video",
};
