// Captions in two languages and a second sound, in headless Chromium: by hls.js alone, and by <mux-player>. Its task on
// standard input: the address of a stream, the browser, the cues by language, the tones by language. The page and the stream
// are the only things that are asked for.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import http from "node:http";
import { chromium } from "playwright-core";

const HTML = `<!doctype html><body><script src="/hls.js"></script><script type="module" src="/mux-player.js"></script>`;
const FILES = {
  "/hls.js": "node_modules/hls.js/dist/hls.min.js",
  "/mux-player.js": "node_modules/@mux/mux-player/dist/mux-player.mjs",
};
/** How early a cue may come by the video's own clock, in seconds. */
const EARLY_S = 0.05;

const task = JSON.parse(readFileSync(0, "utf8"));
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
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
  ],
});
try {
  for (const make of [makeHls, makeMux]) await watch(make);
} finally {
  await browser.close();
  server.close();
}
process.exit(0);

async function watch(make) {
  const tab = await (await browser.newContext()).newPage();
  tab.on("pageerror", (error) => { throw error; });
  await tab.goto(origin);
  await tab.evaluate(defineProbe);
  await tab.evaluate(make, task.stream);
  for (const [language, cues] of Object.entries(task.cues)) {
    const what = `${make.name}, ${language}`;
    await tab.evaluate((language) => window.probe.showCaptions(language), language);
    // Forward into another segment, back, the last moment of a cue, between two cues, over the border of two segments.
    for (const at of [0.5, 9.6, 2.3, 6.85, 4.98, 11.4, 3.9, 0.1]) {
      const shown = await tab.evaluate((at) => window.probe.seek(at), at);
      assert.deepEqual(shown, shownAt(cues, at), `${what}: after seeking to ${at}`);
    }
    await playThrough(tab, cues, what);
  }
  for (const [language, tone] of Object.entries(task.tones)) {
    const heard = await tab.evaluate((language) => window.probe.hear(language), language);
    assert.ok(Math.abs(heard - tone) < 30, `${make.name}: the sound ${language} has ${heard} Hz, not ${tone}`);
  }
  await tab.context().close();
}

/** The texts that are shown at a moment. */
function shownAt(cues, at) {
  return cues.filter(([start, end]) => start <= at && at < end).map(([, , text]) => text);
}

/**
 * Plays over the border of two segments: no cue comes early or stays, and the long one is seen. A busy machine may skip short ones,
 * so that these are judged by seeking.
 */
async function playThrough(tab, cues, what) {
  const changes = await tab.evaluate(() => window.probe.play(3.2, 6.4));
  const told = JSON.stringify(changes);
  for (const [start, end, text] of cues) {
    const early = changes.find(({ at, shown }) => shown.includes(text) && at < start - EARLY_S);
    assert.ok(!early, `${what}: ${text} comes before ${start}: ${told}`);
    const gone = changes.find(({ at, shown }) => !shown.includes(text) && at >= start && at < end - EARLY_S && changes.some((one) => one.at < at && one.shown.includes(text)));
    assert.ok(!gone, `${what}: ${text} goes before ${end}: ${told}`);
  }
  const [start, end, long] = cues.find(([start, end]) => end - start > 1);
  assert.ok(changes.some(({ at, shown }) => at >= start - EARLY_S && at < end && shown.includes(long)), `${what}: ${long} is seen: ${told}`);
  assert.ok(changes.some(({ at, shown }) => at >= end - EARLY_S && !shown.includes(long)), `${what}: ${long} goes: ${told}`);
}

/** hls.js in a <video>. */
async function makeHls(stream) {
  const video = document.createElement("video");
  document.body.append(video);
  const hls = new Hls({ enableWorker: false });
  hls.loadSource(stream);
  hls.attachMedia(video);
  await window.probe.begin(video, (language) => {
    hls.audioTrack = hls.audioTracks.findIndex((track) => track.lang === language);
  });
}

/** <mux-player> by the stream's address. */
async function makeMux(stream) {
  await customElements.whenDefined("mux-player");
  const player = document.createElement("mux-player");
  for (const name of ["disable-tracking", "disable-cookies"]) player.setAttribute(name, "");
  player.src = stream;
  document.body.append(player);
  await window.probe.begin(player.media.nativeEl, (language) => {
    for (const track of player.audioTracks) track.enabled = track.language === language;
  });
}

/** What a test asks in the page. */
function defineProbe() {
  const until = async (what, check) => {
    for (let n = 0; n < 300; n++) {
      const found = await check();
      if (found) return found;
      await new Promise((wake) => setTimeout(wake, 50));
    }
    throw new Error(`it never comes: ${what}`);
  };
  const texts = (track) => [...(track.activeCues ?? [])].map((cue) => cue.text);
  class Probe {
    async begin(video, selectSound) {
      this.video = video;
      this.selectSound = selectSound;
      await until("the video can play", () => video.readyState >= 3 || video.error);
    }

    async showCaptions(language) {
      const all = this.video.textTracks;
      const isIt = (track) => track.language === language && ["subtitles", "captions"].includes(track.kind);
      await until(`captions in ${language}`, () => [...all].filter(isIt).length === 1);
      for (const track of all) if (track.kind !== "metadata") track.mode = isIt(track) ? "showing" : "disabled";
      this.track = [...all].find(isIt);
      await until(`cues in ${language}`, () => this.track.cues?.length > 0);
    }

    /** What is shown at this second. The cues of a segment come after its picture. */
    async seek(at) {
      const { video, track } = this;
      video.pause();
      const arrived = new Promise((done) => video.addEventListener("seeked", done, { once: true }));
      video.currentTime = at;
      await arrived;
      // Why: that nothing is shown is told only where all that could be shown has come.
      await until(`cues around ${at}`, () => [...track.cues].some((cue) => cue.endTime > at - 1.5 && cue.startTime < at + 1.5));
      let last = "";
      return until(`a lasting picture at ${at}`, async () => {
        const now = JSON.stringify(texts(track));
        const lasts = now === last;
        last = now;
        await new Promise((wake) => setTimeout(wake, 250));
        return lasts && texts(track);
      });
    }

    /** Plays from a second to another: each change of what is shown, with the second of the video at which it was seen. */
    async play(from, to) {
      const { video, track } = this;
      await this.seek(from);
      const changes = [];
      const note = () => changes.push({ at: video.currentTime, shown: texts(track) });
      track.addEventListener("cuechange", note);
      await video.play();
      await until(`second ${to}`, () => video.currentTime >= to);
      track.removeEventListener("cuechange", note);
      video.pause();
      return changes;
    }

    /** The loudest tone of what is heard of a sound, in hertz. */
    async hear(language) {
      const { video } = this;
      if (!this.analyser) {
        this.audio = new AudioContext();
        this.analyser = this.audio.createAnalyser();
        this.analyser.fftSize = 8192;
        this.audio.createMediaElementSource(video).connect(this.analyser).connect(this.audio.destination);
        await this.audio.resume();
      }
      await this.seek(1);
      this.selectSound(language);
      await this.seek(2);
      await video.play();
      await until("a second of the sound", () => video.currentTime > 3.5);
      const levels = new Float32Array(this.analyser.frequencyBinCount);
      this.analyser.getFloatFrequencyData(levels);
      video.pause();
      return (levels.indexOf(Math.max(...levels)) * this.audio.sampleRate) / this.analyser.fftSize;
    }
  }
  window.probe = new Probe();
}
