// The official @mux/mux-node against the local provider. Reads its task from standard input, says nothing when all
// is as with Mux, and ends with an AssertionError otherwise.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import Mux from "@mux/mux-node";

const task = JSON.parse(readFileSync(0, "utf8"));
const mux = new Mux({
  baseURL: task.base,
  tokenId: task.token,
  tokenSecret: task.secret,
  webhookSecret: task.webhook_secret,
  jwtSigningKey: task.signing_key,
  jwtPrivateKey: task.private_key,
  maxRetries: 0,
});
const settings = { playback_policies: ["public", "signed"], passthrough: "sdk", meta: { title: "From the SDK" } };

await uploads();
const asset = await assets();
await signing(asset);
await deletion(asset);
await webhooks();

async function uploads() {
  const made = await mux.video.uploads.create({ cors_origin: "*", timeout: 600, new_asset_settings: settings });
  assert.equal(made.status, "waiting");
  assert.equal(made.cors_origin, "*");
  assert.equal(made.timeout, 600);
  assert.equal(made.new_asset_settings.video_quality, "basic");
  assert.equal(made.new_asset_settings.encoding_tier, "baseline");
  assert.deepEqual(await mux.video.uploads.retrieve(made.id), made);
  const cancelled = await mux.video.uploads.cancel(made.id);
  assert.equal(cancelled.status, "cancelled");
  await assert.rejects(mux.video.uploads.cancel(made.id), { status: 403 });
  await assert.rejects(mux.video.uploads.retrieve("somefakeid"), (error) => {
    assert.ok(error instanceof Mux.BadRequestError);
    assert.equal(error.error.error.type, "invalid_parameters");
    return true;
  });
  for (let n = 0; n < 3; n++) await mux.video.uploads.create({ cors_origin: "*" });
  const seen = [];
  for await (const upload of mux.video.uploads.list({ limit: 2 })) seen.push(upload.id);
  assert.equal(seen.length, 4);
  assert.equal(new Set(seen).size, 4);
  const stranger = new Mux({ baseURL: task.base, tokenId: "a", tokenSecret: "b", maxRetries: 0 });
  await assert.rejects(stranger.video.uploads.list(), { status: 401 });
}

async function assets() {
  const upload = await mux.video.uploads.create({ cors_origin: "*", new_asset_settings: settings });
  const answer = await fetch(upload.url, { method: "PUT", body: readFileSync(task.clip) });
  assert.equal(answer.status, 200);
  const done = await mux.video.uploads.retrieve(upload.id);
  assert.equal(done.status, "asset_created");
  const asset = await ready(done.asset_id);
  assert.equal(asset.upload_id, upload.id);
  assert.equal(asset.passthrough, "sdk");
  assert.equal(asset.meta.title, "From the SDK");
  assert.equal(asset.aspect_ratio, "16:9");
  assert.equal(asset.video_quality, "basic");
  for (const required of ["created_at", "encoding_tier", "master_access", "max_resolution_tier", "progress"]) {
    assert.notEqual(asset[required], undefined, required);
  }
  assert.equal(asset.tracks.find((track) => track.type === "video").max_height, 360);
  const found = [];
  for await (const one of mux.video.assets.list({ upload_id: upload.id })) found.push(one.id);
  assert.deepEqual(found, [asset.id]);
  const changed = await mux.video.assets.update(asset.id, { passthrough: "changed" });
  assert.equal(changed.passthrough, "changed");
  const posed = await mux.video.assets.update(asset.id, { thumbnail_time: 1.5 });
  assert.equal(posed.thumbnail_time, 1.5);
  await assert.rejects(mux.video.assets.update(asset.id, { thumbnail_time: 1000 }), { status: 400 });
  await mux.delete(`/video/v1/assets/${asset.id}/thumbnail-time`);
  assert.equal((await mux.video.assets.retrieve(asset.id)).thumbnail_time, undefined);
  await unsupported(asset);
  const more = await mux.video.assets.createPlaybackId(asset.id, { policy: "public" });
  const owner = await mux.video.playbackIds.retrieve(more.id);
  assert.deepEqual(owner.object, { type: "asset", id: asset.id });
  await mux.video.assets.deletePlaybackId(asset.id, more.id);
  await assert.rejects(mux.video.playbackIds.retrieve(more.id), { status: 404 });
  await assert.rejects(mux.video.assets.create({ inputs: [{ url: "https://127.0.0.1/a.mp4" }] }), { status: 400 });
  const track = { url: "https://127.0.0.1/a.vtt", type: "text", text_type: "subtitles", language_code: "en" };
  await assert.rejects(mux.video.assets.createTrack(asset.id, track), { status: 400 });
  const file = await mux.video.assets.createStaticRendition(asset.id, { resolution: "highest" });
  assert.equal(file.name, "highest.mp4");
  await mux.video.assets.deleteStaticRendition(asset.id, file.id);
  return asset;
}

/** What Mux has and the local provider has not: 400 that says so, never the 404 of a wrong id. */
async function unsupported(asset) {
  const sound = asset.tracks.find((track) => track.type === "audio").id;
  const generated = { generated_subtitles: [{ language_code: "en", name: "English" }] };
  for (const call of [
    () => mux.video.assets.generateSubtitles(asset.id, sound, generated),
    () => mux.video.assets.retrieveInputInfo(asset.id),
    () => mux.video.assets.updateMasterAccess(asset.id, { master_access: "temporary" }),
    () => mux.video.liveStreams.list(),
    () => mux.system.signingKeys.list(),
  ]) {
    await assert.rejects(call(), (error) => {
      assert.equal(error.status, 400, String(call));
      assert.match(error.error.error.messages[0], /not supported by the local provider/);
      return true;
    });
  }
}

async function ready(id) {
  for (let n = 0; n < 1200; n++) {
    const asset = await mux.video.assets.retrieve(id);
    if (asset.status !== "preparing") {
      assert.equal(asset.status, "ready", JSON.stringify(asset.errors));
      return asset;
    }
    await new Promise((wake) => setTimeout(wake, 100));
  }
  assert.fail("the asset never got ready");
}

async function signing(asset) {
  const id = (policy) => asset.playback_ids.find((one) => one.policy === policy).id;
  const [open, closed] = [id("public"), id("signed")];
  const sign = (type, params, expiration = "1h", of = closed) =>
    mux.jwt.signPlaybackId(of, { type, expiration, params });
  const status = async (path, token) =>
    (await fetch(`${task.base}/${path}${token ? `?token=${token}` : ""}`)).status;
  assert.equal(await status(`${open}.m3u8`), 200);
  assert.equal(await status(`${closed}.m3u8`), 403);
  for (const [type, path] of [
    ["video", `${closed}.m3u8`],
    ["thumbnail", `${closed}/thumbnail.jpg`],
    ["gif", `${closed}/animated.gif`],
    ["storyboard", `${closed}/storyboard.vtt`],
  ]) {
    assert.equal(await status(path, await sign(type)), 200, type);
    assert.equal(await status(path, await sign(type, {}, "0s")), 403, `${type} expired`);
    assert.equal(await status(path, await sign(type, {}, "1h", open)), 403, `${type} of another id`);
    const other = type === "video" ? "thumbnail" : "video";
    assert.equal(await status(path, await sign(other)), 403, `${other} for ${type}`);
  }
  assert.equal(await status(`${closed}/thumbnail.png`, await sign("thumbnail", { time: "2", width: "64" })), 200);
  assert.equal(await status(`${closed}/thumbnail.png`, await sign("thumbnail", { width: "0" })), 400);
  const both = await mux.jwt.signPlaybackId(closed, { type: ["video", "storyboard"], expiration: "1h" });
  assert.equal(await status(`${closed}.m3u8`, both["playback-token"]), 200);
  assert.equal(await status(`${closed}/storyboard.json`, both["storyboard-token"]), 200);
}

async function deletion(asset) {
  await mux.video.assets.delete(asset.id);
  await assert.rejects(mux.video.assets.retrieve(asset.id), { status: 404 });
  for (const { id } of asset.playback_ids) assert.equal((await fetch(`${task.base}/${id}.m3u8`)).status, 404);
}

/** What the provider has sent so far, as the test received it. */
async function webhooks() {
  const received = await (await fetch(task.received)).json();
  assert.ok(received.length > 5, `${received.length} webhooks`);
  const types = new Set();
  for (const { body, signature } of received) {
    const event = await mux.webhooks.unwrap(body, { "mux-signature": signature });
    types.add(event.type);
    const changed = body.replace(event.id, "00000000-0000-0000-0000-000000000000");
    await assert.rejects(mux.webhooks.unwrap(changed, { "mux-signature": signature }));
  }
  for (const type of ["upload.created", "upload.cancelled", "upload.asset_created", "asset.created", "asset.ready"]) {
    assert.ok(types.has(`video.${type}`), `${type} is missing in ${[...types]}`);
  }
}
