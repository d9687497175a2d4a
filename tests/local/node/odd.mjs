// A page in headless Chromium plays streams of odd files by hls.js: how long each is, that the time advances from 0, and
// the colour in the middle of the picture after a seek to each time named. Reads its task from standard input.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import http from "node:http";
import { chromium } from "playwright-core";

const HTML = `<!doctype html><script type="module">
import Hls from "/hls.js";

/** Waits for an event, at most that long. */
const once = (target, name, ms = 20000) => new Promise((done, failed) => {
  const late = setTimeout(() => failed(new Error("no " + name)), ms);
  target.addEventListener(name, () => { clearTimeout(late); done(); }, { once: true });
});

/** Waits until what is asked for is true, at most ten seconds. */
const until = async (what, ask) => {
  for (let n = 0; n < 500; n++) {
    if (ask()) return;
    await new Promise((wake) => setTimeout(wake, 20));
  }
  throw new Error("did not happen: " + what);
};

window.play = async (url, expected) => {
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  document.body.replaceChildren(video);
  const hls = new Hls();
  let fatal;
  const failed = new Promise((done) => hls.on(Hls.Events.ERROR, (_, data) => {
    if (data.fatal) { fatal = data.details; done(); }
  }));
  try {
    hls.loadSource(url);
    hls.attachMedia(video);
    await Promise.race([once(video, "loadeddata"), failed]);
    if (fatal) throw new Error(fatal);
    const first = video.currentTime;
    await video.play();
    // Why half of a short one: it ends before a second is over.
    const far = Math.min(0.4, expected.length / 2);
    await until("the time advances", () => video.currentTime >= first + far || video.ended);
    const seen = { first, size: [video.videoWidth, video.videoHeight], colours: [] };
    video.pause();
    for (const { time } of expected.colours) {
      const shown = new Promise((done) => video.requestVideoFrameCallback(done));
      const sought = once(video, "seeked");
      video.currentTime = time;
      await sought;
      // A seek to the frame that is shown already brings no new one.
      await Promise.race([shown, new Promise((wake) => setTimeout(wake, 500))]);
      seen.colours.push(colour(video));
    }
    // The length is known for sure once the last segment is there.
    const sought = once(video, "seeked");
    video.currentTime = Math.max(expected.length - 0.2, 0);
    await sought;
    await until("the end", () => hls.media.duration > 0 && video.readyState >= 2);
    seen.length = video.duration;
    return seen;
  } catch (error) {
    return { fault: fatal ?? error.message };
  } finally {
    hls.destroy();
  }
};

/** The mean colour of 8 x 8 pixels in the middle. */
function colour(video) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 8;
  const side = canvas.getContext("2d", { willReadFrequently: true });
  side.drawImage(video, (video.videoWidth - 8) / 2, (video.videoHeight - 8) / 2, 8, 8, 0, 0, 8, 8);
  const { data } = side.getImageData(0, 0, 8, 8);
  const mean = [0, 0, 0];
  for (let at = 0; at < data.length; at++) if (at % 4 < 3) mean[at % 4] += data[at] / 64;
  return mean.map(Math.round);
}
</script><body></body>`;

const task = JSON.parse(readFileSync(0, "utf8"));
const server = http.createServer((request, response) => {
  const isLibrary = request.url === "/hls.js";
  response.setHeader("content-type", isLibrary ? "text/javascript" : "text/html");
  response.end(isLibrary ? readFileSync("node_modules/hls.js/dist/hls.min.mjs") : HTML);
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const browser = await chromium.launch({
  executablePath: task.chromium,
  args: [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--autoplay-policy=no-user-gesture-required", "--force-color-profile=srgb",
  ],
});
const faults = [];
try {
  const tab = await (await browser.newContext()).newPage();
  await tab.goto(`http://127.0.0.1:${server.address().port}`);
  await tab.waitForFunction(() => window.play);
  for (const { name, url, expected } of task.streams) {
    const seen = await tab.evaluate(([url, expected]) => window.play(url, expected), [url, expected]);
    faults.push(...judge(seen, expected).map((fault) => `${name}: ${fault}`));
  }
} finally {
  await browser.close();
  server.close();
}
assert.deepEqual(faults, [], faults.join("\n"));
process.exit(0);

/** What is wrong with what was seen, in words. */
function judge(seen, expected) {
  if (seen.fault) return [seen.fault];
  const wrong = [];
  if (Math.abs(seen.length - expected.length) > expected.within + 0.1) wrong.push(`it lasts ${seen.length} s`);
  if (seen.first > 0.1) wrong.push(`it begins at ${seen.first} s`);
  const [width, height] = expected.size ?? [0, 0];
  // The player chooses among the sizes: all have the same shape.
  if (expected.size && Math.abs(seen.size[0] / seen.size[1] - width / height) > 0.03) wrong.push(`it is ${seen.size}`);
  expected.colours.forEach(({ time, colour }, at) => {
    const found = seen.colours[at];
    // Why 20: what a browser makes of limited range, beside the loss of the encoder.
    if (colour.some((channel, n) => Math.abs(channel - found[n]) > 20)) {
      wrong.push(`at ${time} s the colour is ${found}, not ${colour}`);
    }
  });
  return wrong;
}
