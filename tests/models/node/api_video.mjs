// What `@api.video/nodejs-client` can do of what our maps do with api.video.
import ApiVideo from "@api.video/nodejs-client";

const Client = ApiVideo.default ?? ApiVideo;

export default {
  package: "@api.video/nodejs-client",
  // The address is no public part of the client.
  base: () => "https://ws.api.video",
  client: (baseUri) => new Client({ apiKey: "key", baseUri }),
  operations: [
    { call: (client) => client.videos.create({ title: "title" }), body: "VideoCreationPayload", answer: "Video" },
    { call: (client) => client.videos.get("param"), answer: "Video" },
    { call: (client) => client.videos.getStatus("param"), answer: "VideoStatus" },
    { call: (client) => client.videos.update("param", {}), body: "VideoUpdatePayload", answer: "Video" },
    { call: (client) => client.videos.delete("param") },
    { call: (client) => client.videos.list(), queryOf: ["lib/api/VideosApi.d.ts", "VideosApi", "list"], answer: "VideosListResponse" },
    { call: (client) => client.captions.list({ videoId: "param" }), query: "CaptionsQuery", answer: "CaptionsListResponse" },
    { call: (client) => client.captions.upload("param", "param", Buffer.from("WEBVTT")), body: "CaptionForm", answer: "Caption" },
    { call: (client) => client.captions.delete("param", "param") },
    { call: (client) => client.uploadTokens.createToken({}), body: "TokenCreationPayload", answer: "UploadToken" },
  ],
  error: "NotFound",
  events: "Event",
  // Members whose name on the wire is another one than in the class, as its generated code says.
  wireNames: async (type) => {
    const model = await import(`@api.video/nodejs-client/lib/model/${type}.js`).catch(() => null);
    const map = (model?.default?.default ?? model?.default)?.attributeTypeMap ?? [];
    return new Map(map.map(({ name, baseName }) => [name, baseName]));
  },
};
