// hls.js in headless Chromium: subtitles show at their times, also after seeking and in a part of the video, in both
// languages; the second sound is heard. Reads its task from standard input.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import http from "node:http";
import { chromium } from "playwright-core";

const HTML = `<!doctype html><video id="video" playsinline></video><script type="module">
import Hls from "/hls.js";
const video = document.getElementById("video");
let hls, analyser, context;
window.open = (source) => new Promise((done, failed) => {
  hls?.destroy();
  hls = new Hls();
  hls.on(Hls.Events.ERROR, (_, data) => data.fatal && failed(new Error(data.details)));
  // The tracks are known once a size is chosen.
  const offered = () => done({
    texts: hls.subtitleTracks.map((one) => [one.name, one.lang ?? null]),
    sounds: hls.audioTracks.map((one) => [one.name, one.lang ?? null, one.default]),
  });
  hls.on(Hls.Events.FRAG_BUFFERED, () => hls.audioTracks.length && hls.subtitleTracks.length && offered());
  hls.loadSource(source);
  hls.attachMedia(video);
});
/** The texts that are shown at a time, once the player has what it needs for it. */
window.shownAt = async (track, time, wanted) => {
  hls.subtitleTrack = track;
  hls.subtitleDisplay = true;
  video.currentTime = time;
  const shown = () => [...video.textTracks].filter((one) => one.mode === "showing")
    .flatMap((one) => [...(one.activeCues ?? [])]).map((cue) => cue.text);
  const loaded = () => [...video.textTracks].filter((one) => one.mode === "showing")
    .flatMap((one) => [...(one.cues ?? [])]).length;
  for (let tries = 0; tries < 300; tries++) {
    const is = shown();
    if (!video.seeking && loaded() && is.join() === wanted.join()) return is;
    await new Promise((wake) => setTimeout(wake, 50));
  }
  return [...shown(), "at", video.currentTime, "of", loaded()];
};
/** The loudest frequency of what is heard, in hertz. */
window.heard = async (track, time, wanted) => {
  context ??= new AudioContext();
  if (!analyser) {
    analyser = context.createAnalyser();
    analyser.fftSize = 8192;
    context.createMediaElementSource(video).connect(analyser);
    analyser.connect(context.destination);
  }
  await context.resume();
  if (track !== null) hls.audioTrack = track;
  video.currentTime = time;
  await video.play();
  const bins = new Float32Array(analyser.frequencyBinCount);
  let loudest = 0;
  for (let tries = 0; tries < 300; tries++) {
    analyser.getFloatFrequencyData(bins);
    const at = bins.indexOf(Math.max(...bins));
    loudest = Math.round(at * context.sampleRate / analyser.fftSize);
    if (bins[at] > -60 && Math.abs(loudest - wanted) < 20) break;
    if (video.ended) { video.currentTime = time; await video.play(); }
    await new Promise((wake) => setTimeout(wake, 50));
  }
  video.pause();
  return loudest;
};
</script>`;

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
    "--autoplay-policy=no-user-gesture-required",
  ],
});
try {
  const tab = await (await browser.newContext()).newPage();
  tab.on("pageerror", (error) => console.error(error));
  await tab.goto(`http://127.0.0.1:${server.address().port}`);
  for (const stream of task.streams) await play(tab, stream);
} finally {
  await browser.close();
  server.close();
}
process.exit(0);

/** Plays one stream: `{url, texts, sounds, shown: [[track, time, texts]], heard: [[track, time, hertz]]}`. */
async function play(tab, stream) {
  const offered = await tab.evaluate((url) => window.open(url), stream.url);
  assert.deepEqual(offered, { texts: stream.texts, sounds: stream.sounds });
  for (const [track, time, wanted] of stream.shown) {
    const shown = await tab.evaluate((all) => window.shownAt(...all), [track, time, wanted]);
    assert.deepEqual(shown, wanted, `${stream.url}: text ${track} at ${time} s`);
  }
  for (const [track, time, wanted] of stream.heard) {
    const heard = await tab.evaluate((all) => window.heard(...all), [track, time, wanted]);
    assert.ok(Math.abs(heard - wanted) < 20, `${stream.url}: sound ${track} at ${time} s: ${heard} Hz for ${wanted}`);
  }
}
