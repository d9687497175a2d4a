// A small application that knows Mux's official SDK alone, and has a webhook route of its own. It has Mux's variables in
// its environment; MUX_BASE_URL is the one thing that a test sets. Its task on standard input: the port of its route, the
// base of stream addresses, a file. Says nothing when all is well, and ends with an AssertionError otherwise.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import http from "node:http";
import Mux from "@mux/mux-node";

const task = JSON.parse(readFileSync(0, "utf8"));
const mux = new Mux({ maxRetries: 0 });

/** The application's own table of videos: upload id → what the webhooks said. */
const videos = new Map();
const types = [];
/** Track id → the last event about it. */
const tracks = new Map();
const CAPTIONS = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nHello\n";
const server = http.createServer(route);
await new Promise((done) => server.listen(task.port, "127.0.0.1", done));

const upload = await begin();
await send(upload);
const video = await until("ready", () => videos.get(upload.id)?.playbackId && videos.get(upload.id));
await play(video);
await caption(video);
await remove(video);
await fail();
server.close();

async function route(request, response) {
  if (request.method === "GET") return response.end(CAPTIONS);
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const body = Buffer.concat(pieces).toString();
  let event;
  try {
    event = await mux.webhooks.unwrap(body, request.headers);
  } catch {
    response.writeHead(400).end();
    return;
  }
  types.push(event.type);
  const { data } = event;
  if (event.type === "video.upload.asset_created") videos.set(data.id, { assetId: data.asset_id });
  if (event.type === "video.asset.ready") videos.get(data.upload_id).playbackId = data.playback_ids[0].id;
  if (event.type === "video.asset.errored") videos.get(data.upload_id).error = data.errors.messages[0];
  if (event.type.startsWith("video.asset.track.")) tracks.set(data.id, event.type);
  if (event.type === "video.asset.deleted") videos.delete(data.upload_id);
  response.writeHead(200).end();
}

async function begin() {
  const upload = await mux.video.uploads.create({
    cors_origin: "https://app.example.com",
    new_asset_settings: { playback_policies: ["signed"], video_quality: "basic", passthrough: "row-1" },
  });
  assert.equal(upload.status, "waiting");
  return upload;
}

async function send(upload, body = readFileSync(task.clip)) {
  const origin = "https://app.example.com";
  const answer = await fetch(upload.url, { method: "PUT", headers: { origin }, body });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("access-control-allow-origin"), origin);
}

async function play(video) {
  const asset = await mux.video.assets.retrieve(video.assetId);
  assert.equal(asset.status, "ready");
  assert.equal(asset.passthrough, "row-1");
  const token = await mux.jwt.signPlaybackId(video.playbackId, { type: "video", expiration: "1h" });
  const stream = `${task.stream_base}/${video.playbackId}.m3u8`;
  const master = await text(`${stream}?token=${token}`);
  assert.match(master, /^#EXTM3U/);
  const size = master.split("\n").find((line) => line && !line.startsWith("#"));
  const playlist = await text(new URL(size, stream));
  const segment = playlist.split("\n").find((line) => line && !line.startsWith("#"));
  const bytes = await fetch(new URL(segment, new URL(size, stream)));
  assert.equal(bytes.status, 200);
  assert.ok((await bytes.arrayBuffer()).byteLength > 1000);
  assert.equal((await fetch(stream)).status, 403);
  const thumbnail = await mux.jwt.signPlaybackId(video.playbackId, {
    type: "thumbnail",
    expiration: "1h",
    params: { width: "160" },
  });
  const image = await fetch(`${task.stream_base}/${video.playbackId}/thumbnail.jpg?token=${thumbnail}`);
  assert.equal(image.headers.get("content-type"), "image/jpeg");
}

/** Subtitles by a URL of the application's own; what the stand-in has not is refused in plain words. */
async function caption(video) {
  const { id } = await mux.video.assets.createTrack(video.assetId, {
    url: `http://127.0.0.1:${task.port}/hello.vtt`,
    type: "text",
    text_type: "subtitles",
    language_code: "en",
    name: "English",
  });
  await until("captioned", () => tracks.get(id) === "video.asset.track.ready");
  const token = await mux.jwt.signPlaybackId(video.playbackId, { type: "video", expiration: "1h" });
  const file = await fetch(`${task.stream_base}/${video.playbackId}/text/${id}.vtt?token=${token}`);
  assert.equal(await file.text(), CAPTIONS);
  await mux.video.assets.deleteTrack(video.assetId, id);
  await until("without captions", () => tracks.get(id) === "video.asset.track.deleted");
  const asset = await mux.video.assets.retrieve(video.assetId);
  const sound = asset.tracks.find((track) => track.type === "audio").id;
  const asked = { generated_subtitles: [{ language_code: "en", name: "English" }] };
  await assert.rejects(mux.video.assets.generateSubtitles(video.assetId, sound, asked), (error) => {
    assert.ok(error instanceof Mux.BadRequestError);
    assert.match(error.error.error.messages[0], /not supported by the local provider/);
    return true;
  });
}

async function remove(video) {
  await mux.video.assets.delete(video.assetId);
  await until("deleted", () => !videos.has(upload.id));
  await assert.rejects(mux.video.assets.retrieve(video.assetId), Mux.NotFoundError);
  const answer = await fetch(`${task.stream_base}/${video.playbackId}.m3u8`);
  assert.equal(answer.status, 404);
}

/** A file that is no video, and a webhook that nobody signed. */
async function fail() {
  const upload = await begin();
  await send(upload, "this is no video");
  const video = await until("errored", () => videos.get(upload.id)?.error && videos.get(upload.id));
  const asset = await mux.video.assets.retrieve(video.assetId);
  assert.equal(asset.status, "errored");
  assert.equal(asset.errors.type, "invalid_input");
  const url = `http://127.0.0.1:${task.port}/webhooks/mux`;
  const headers = { "mux-signature": "t=1,v1=00" };
  assert.equal((await fetch(url, { method: "POST", headers, body: "{}" })).status, 400);
  for (const type of ["upload.created", "upload.asset_created", "asset.created", "asset.ready", "asset.deleted"]) {
    assert.ok(types.includes(`video.${type}`), `${type} is missing in ${types}`);
  }
}

async function text(url) {
  const answer = await fetch(url);
  assert.equal(answer.status, 200, String(url));
  return answer.text();
}

async function until(what, look) {
  for (let n = 0; n < 900; n++) {
    const found = look();
    if (found) return found;
    await new Promise((wake) => setTimeout(wake, 100));
  }
  assert.fail(`never ${what}: ${JSON.stringify([...videos])}, ${types}`);
}
