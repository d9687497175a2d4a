// What `@mux/mux-node` can do of what our maps and the built-in provider do.
import Mux from "@mux/mux-node";

const token = { tokenId: "id", tokenSecret: "secret", maxRetries: 0 };

export default {
  package: "@mux/mux-node",
  base: () => new Mux(token).baseURL,
  client: (baseURL) => new Mux({ ...token, baseURL }),
  operations: [
    { call: (mux) => mux.video.uploads.create({ cors_origin: "*" }), body: "UploadCreateParams", answer: "UploadResponse" },
    { call: (mux) => mux.video.uploads.retrieve("param"), answer: "UploadResponse" },
    { call: (mux) => mux.video.uploads.list(), query: "UploadListParams", answer: "UploadPage" },
    { call: (mux) => mux.video.uploads.cancel("param"), answer: "UploadResponse" },
    { call: (mux) => mux.video.assets.create({ inputs: [] }), body: "AssetCreateParams", answer: "AssetResponse" },
    { call: (mux) => mux.video.assets.retrieve("param"), answer: "AssetResponse" },
    { call: (mux) => mux.video.assets.list(), query: "AssetListParams", answer: "AssetPage" },
    { call: (mux) => mux.video.assets.update("param", {}), body: "AssetUpdateParams", answer: "AssetResponse" },
    { call: (mux) => mux.video.assets.delete("param") },
    { call: (mux) => mux.video.assets.deleteThumbnailTime("param") },
    { call: (mux) => mux.video.assets.createPlaybackId("param", {}), body: "AssetCreatePlaybackIdParams", answer: "PlaybackIdAnswer" },
    { call: (mux) => mux.video.assets.retrievePlaybackId("param", "param"), answer: "PlaybackIdAnswer" },
    { call: (mux) => mux.video.assets.deletePlaybackId("param", "param") },
    { call: (mux) => mux.video.assets.createTrack("param", {}), body: "AssetCreateTrackParams", answer: "TrackAnswer" },
    { call: (mux) => mux.video.assets.deleteTrack("param", "param") },
    { call: (mux) => mux.video.assets.generateSubtitles("param", "param", {}), body: "AssetGenerateSubtitlesParams", answer: "TracksAnswer" },
    { call: (mux) => mux.video.assets.createStaticRendition("param", {}), body: "AssetCreateStaticRenditionParams", answer: "StaticRenditionAnswer" },
    { call: (mux) => mux.video.assets.deleteStaticRendition("param", "param") },
    { call: (mux) => mux.video.assets.updateMasterAccess("param", {}), body: "AssetUpdateMasterAccessParams", answer: "AssetResponse" },
    { call: (mux) => mux.video.playbackIds.retrieve("param"), answer: "PlaybackIdOwner" },
    { call: (mux) => mux.system.signingKeys.retrieve("param"), answer: "SigningKeyAnswer" },
  ],
  source: "src/resources",
  error: "ErrorAnswer",
  events: "UnwrapWebhookEvent",
};
