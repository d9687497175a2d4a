// A page in headless Chromium uploads with the official @mux/upchunk, one chunk's connection is cut on the way, and
// the video then plays by hls.js. Reads its task from standard input.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { chromium } from "playwright-core";

const HTML = `<!doctype html><video id="video" muted playsinline></video><script type="module">
import * as UpChunk from "/upchunk.js";
import Hls from "/hls.js";
window.send = async (endpoint) => {
  const bytes = await (await fetch("/clip")).blob();
  const file = new File([bytes], "clip.mp4", { type: "video/mp4" });
  const seen = { chunks: 0, failures: 0 };
  return new Promise((done, failed) => {
    // 0 is what a browser calls a connection that was cut.
    const upload = UpChunk.createUpload({ endpoint, file, chunkSize: 256, retryCodes: [0, 408, 502, 503, 504] });
    upload.on("chunkSuccess", () => seen.chunks++);
    upload.on("attemptFailure", () => seen.failures++);
    upload.on("error", (event) => failed(new Error(event.detail.message)));
    upload.on("success", () => done(seen));
  });
};
window.play = (source) => new Promise((done, failed) => {
  const video = document.getElementById("video");
  const hls = new Hls();
  hls.on(Hls.Events.ERROR, (_, data) => data.fatal && failed(new Error(data.details)));
  hls.loadSource(source);
  hls.attachMedia(video);
  hls.on(Hls.Events.MANIFEST_PARSED, () => video.play().catch(failed));
  video.addEventListener("playing", () => {
    const first = video.currentTime;
    const look = setInterval(() => {
      if (video.currentTime > 1) { clearInterval(look); done([first, video.currentTime]); }
    }, 50);
  }, { once: true });
});
</script>`;

const task = JSON.parse(readFileSync(0, "utf8"));
const provider = new URL(task.base);
const servers = [];
const page = await listen(http.createServer(serve));
const cutter = cutAfter(300 * 1024, 100 * 1024);
const cut = await listen(cutter.server);
const browser = await chromium.launch({
  executablePath: task.chromium,
  args: [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
  ],
});
try {
  await run();
} finally {
  await browser.close();
  for (const server of servers) server.close();
}
process.exit(0);

async function run() {
  const origin = `http://127.0.0.1:${page}`;
  const upload = await api("POST", "/uploads", {
    cors_origin: origin,
    new_asset_settings: { playback_policies: ["public"] },
  });
  const tab = await (await browser.newContext()).newPage();
  tab.on("pageerror", (error) => console.error(error));
  await tab.goto(origin);
  // Through a cable that is cut once.
  const url = new URL(upload.url);
  url.port = cut;
  const seen = await tab.evaluate((endpoint) => window.send(endpoint), url.toString());
  assert.ok(seen.chunks >= 4, `several chunks: ${JSON.stringify(seen)}`);
  assert.ok(cutter.cuts === 2 && seen.failures === 1, `${cutter.cuts} cuts: ${JSON.stringify(seen)}`);
  const { asset_id } = await api("GET", `/uploads/${upload.id}`);
  const asset = await ready(asset_id);
  const stream = `${task.base}/${asset.playback_ids[0].id}.m3u8`;
  const times = await tab.evaluate((source) => window.play(source), stream);
  assert.ok(times[1] > times[0] && times[1] > 0.5, `the time advances: ${times}`);
  // A page of another origin is not let in.
  const other = await tab.evaluate(async (endpoint) => {
    try {
      await fetch(endpoint.replace("127.0.0.1", "localhost"), { method: "PUT", body: "x" });
      return "answered";
    } catch {
      return "refused";
    }
  }, (await api("POST", "/uploads", { cors_origin: "https://elsewhere.example.com" })).url);
  assert.equal(other, "refused");
}

async function ready(id) {
  for (let n = 0; n < 1200; n++) {
    const asset = await api("GET", `/assets/${id}`);
    if (asset.status !== "preparing") {
      assert.equal(asset.status, "ready", JSON.stringify(asset.errors));
      return asset;
    }
    await new Promise((wake) => setTimeout(wake, 100));
  }
  assert.fail("the asset never got ready");
}

async function api(method, path, body) {
  const authorization = `Basic ${Buffer.from(`${task.token}:${task.secret}`).toString("base64")}`;
  const answer = await fetch(`${task.base}/video/v1${path}`, {
    method,
    headers: { authorization, "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
  return (await answer.json()).data;
}

/** The page, the two libraries, and the file that it uploads. */
function serve(request, response) {
  const files = {
    "/upchunk.js": ["text/javascript", "node_modules/@mux/upchunk/dist/upchunk.mjs"],
    "/hls.js": ["text/javascript", "node_modules/hls.js/dist/hls.min.mjs"],
    "/clip": ["video/mp4", task.clip],
  };
  const file = files[request.url];
  response.setHeader("content-type", file ? file[0] : "text/html");
  response.end(file ? readFileSync(file[1]) : HTML);
}

function listen(server) {
  servers.push(server);
  return new Promise((done) => server.listen(0, "127.0.0.1", () => done(server.address().port)));
}

/**
 * A cable to the provider that is cut after so many bytes, once for each number. Chromium itself repeats a request
 * whose connection had been used before, so only the second cut reaches UpChunk.
 */
function cutAfter(...limits) {
  const state = { cuts: 0 };
  let passed = 0;
  state.server = net.createServer((near) => {
    const far = net.connect(Number(provider.port), provider.hostname);
    near.on("error", () => far.destroy());
    far.on("error", () => near.destroy());
    near.on("data", (data) => {
      passed += data.length;
      if (passed > limits[state.cuts]) {
        state.cuts += 1;
        passed = 0;
        near.destroy();
        far.destroy();
      } else if (!far.write(data)) {
        near.pause();
        far.once("drain", () => near.resume());
      }
    });
    near.on("end", () => far.end());
    far.pipe(near);
  });
  return state;
}
