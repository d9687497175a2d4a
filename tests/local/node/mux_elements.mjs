// Mux's own elements in headless Chromium, with Mux's variables in the environment: <mux-uploader> sends a file, then
// <mux-player> plays it, by its address and by its playback id. Its task on standard input: a file, the browser. No machine
// but this one is asked.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import http from "node:http";
import Mux from "@mux/mux-node";
import { chromium } from "playwright-core";

const HTML = `<!doctype html><body><script type="module" src="/mux-uploader.js"></script>
<script type="module" src="/mux-player.js"></script>`;
const FILES = {
  "/mux-uploader.js": "node_modules/@mux/mux-uploader/dist/mux-uploader.mjs",
  "/mux-player.js": "node_modules/@mux/mux-player/dist/mux-player.mjs",
};

const task = JSON.parse(readFileSync(0, "utf8"));
const base = process.env.MUX_BASE_URL;
const mux = new Mux({ maxRetries: 0 });
const server = http.createServer((request, response) => {
  const file = FILES[request.url];
  response.setHeader("content-type", file ? "text/javascript" : "text/html");
  response.end(file ? readFileSync(file) : HTML);
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const origin = `http://127.0.0.1:${server.address().port}`;
const browser = await chromium.launch({
  executablePath: task.chromium,
  args: [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--autoplay-policy=no-user-gesture-required", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
  ],
});
/** Hosts other than this machine that a page has asked for. */
const asked = new Set();
try {
  const asset = await upload();
  const id = (policy) => asset.playback_ids.find((one) => one.policy === policy).id;
  await playByAddress(id("signed"));
  await playById(id("public"));
  await playById(id("signed"), await tokens(id("signed")));
} finally {
  await browser.close();
  server.close();
}
process.exit(0);

async function open() {
  const tab = await (await browser.newContext()).newPage();
  tab.on("request", (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (protocol.startsWith("http") && hostname !== "127.0.0.1") asked.add(hostname);
  });
  await tab.goto(origin);
  return tab;
}

async function upload() {
  const { id, url } = await mux.video.uploads.create({
    cors_origin: origin,
    new_asset_settings: { playback_policies: ["public", "signed"] },
  });
  const tab = await open();
  await tab.evaluate(async (endpoint) => {
    await customElements.whenDefined("mux-uploader");
    const uploader = document.createElement("mux-uploader");
    uploader.endpoint = endpoint;
    window.ended = new Promise((done) => {
      uploader.addEventListener("success", () => done("success"));
      uploader.addEventListener("uploaderror", (event) => done(event.detail.message));
    });
    document.body.append(uploader);
  }, url);
  await tab.locator("mux-uploader input[type=file]").setInputFiles(task.clip);
  assert.equal(await tab.evaluate(() => window.ended), "success");
  assert.deepEqual([...asked], []);
  const { asset_id } = await mux.video.uploads.retrieve(id);
  for (let n = 0; n < 900; n++) {
    const asset = await mux.video.assets.retrieve(asset_id);
    if (asset.status === "ready") return asset;
    assert.equal(asset.status, "preparing", JSON.stringify(asset.errors));
    await new Promise((wake) => setTimeout(wake, 100));
  }
  assert.fail("the asset never got ready");
}

/** The three tokens that <mux-player> takes. */
async function tokens(id) {
  const type = ["video", "thumbnail", "storyboard"];
  return mux.jwt.signPlaybackId(id, { type, expiration: "1h" });
}

/** Plays with these attributes until the time advances. */
async function play(tab, attributes) {
  const times = await tab.evaluate(async (attributes) => {
    await customElements.whenDefined("mux-player");
    const player = document.createElement("mux-player");
    for (const [name, value] of Object.entries(attributes)) player.setAttribute(name, value);
    player.setAttribute("autoplay", "muted");
    const failed = new Promise((_, fail) => {
      player.addEventListener("error", (event) => fail(new Error(event.detail?.message ?? "error")));
    });
    document.body.append(player);
    const played = new Promise((done) => {
      player.addEventListener("timeupdate", () => player.currentTime > 0.5 && done([player.currentTime, player.duration]));
    });
    return Promise.race([played, failed]);
  }, attributes);
  assert.ok(times[0] > 0.5 && Math.abs(times[1] - 5) < 0.2, `${times}`);
}

/** By full addresses: nothing of Mux is asked. `disable-tracking` keeps Mux Data out. */
async function playByAddress(id) {
  const signed = await tokens(id);
  const tab = await open();
  await play(tab, {
    src: `${base}/${id}.m3u8?token=${signed["playback-token"]}`,
    poster: `${base}/${id}/thumbnail.webp?token=${signed["thumbnail-token"]}`,
    "storyboard-src": `${base}/${id}/storyboard.vtt?token=${signed["storyboard-token"]}`,
    "disable-tracking": "",
    "disable-cookies": "",
  });
  assert.deepEqual([...asked].filter((host) => host !== "www.gstatic.com"), []);
}

/** By playback id, as at Mux: the browser's test leads Mux's two hosts to the stand-in. */
async function playById(id, signed = {}) {
  const tab = await open();
  const led = new Set();
  await tab.route(/^https:\/\/(stream|image)\.mux\.com\//, async (route) => {
    const { hostname, pathname, search } = new URL(route.request().url());
    led.add(`${hostname} ${pathname.replace(id, "ID").replace(/.*\./, "")}`);
    const response = await route.fetch({ url: base + pathname + search });
    await route.fulfill({ response });
  });
  await play(tab, {
    "playback-id": id,
    ...Object.fromEntries(Object.entries(signed)),
    "disable-tracking": "",
    "disable-cookies": "",
  });
  for (const kind of ["stream.mux.com m3u8", "image.mux.com webp"]) {
    assert.ok(led.has(kind), `${kind} is missing in ${[...led]}`);
  }
}
