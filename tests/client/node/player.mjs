// What the player does when something is not as it should be: clocks, ends, streams, browsers.

import { inBrowser, openPage } from './browsers.mjs';
import { check, until } from './checks.mjs';
import { packageServer } from './package_server.mjs';
import { stream } from './stream.mjs';

const { WIDE: wide } = process.env;
let allowed = () => true;
const play = stream({ files: wide, base: '' });
/** The stream, for whoever has a token that is allowed. */
const signed = (request, response) => {
  const url = new URL(request.url, 'http://localhost');
  const token = url.searchParams.get('t');
  const answer = (status, body, headers = {}) => response.writeHead(status, headers).end(Buffer.isBuffer(body) ? body : JSON.stringify(body));
  return allowed(token) ? play.serve(url.pathname.split('/').pop(), token, answer) : answer(403, {});
};
const files = await packageServer({
  folders: { '/wide/': wide },
  pages: { '/page': '<!doctype html><title>A player</title><video muted></video>' },
  prefixes: { '/stream/': signed },
});

/** Begins to play; `answers` are what the application says, the last one again and again. */
const start = (page, answers, { rate = 3, ...options } = {}) => page.evaluate(async ({ answers, rate, options }) => {
  const { play } = await import('/client/player.js');
  const video = document.querySelector('video');
  const seen = { reasons: [], errors: [], events: [], swaps: 0 };
  Object.assign(globalThis, { seen, video });
  video.defaultPlaybackRate = rate;
  video.addEventListener('emptied', () => { seen.swaps += 1; });
  const time = (seconds) => (seconds === undefined ? null : new Date(Date.now() + seconds * 1000).toISOString());
  globalThis.player = play(video, {
    autoplay: true,
    hls: { maxBufferLength: 2, maxMaxBufferLength: 2, maxBufferSize: 1 },
    ...options,
    onError: (error) => seen.errors.push(error.reason),
    playback: async ({ reason }) => {
      const answer = answers[Math.min(seen.reasons.length, answers.length - 1)];
      seen.reasons.push(reason);
      if (answer.status) return new Response(JSON.stringify(answer.problem), { status: answer.status });
      if (answer.network) throw new TypeError('Failed to fetch');
      return { playback_id: 'one', thumbnails: {}, ...answer, refresh_after: time(answer.refresh), expires_at: time(answer.end) };
    },
  });
  for (const type of ['load', 'renewal', 'error']) globalThis.player.addEventListener(type, () => seen.events.push(type));
}, { answers, rate, options });

const hls = (token) => ({ urls: { hls: `/stream/index.m3u8?t=${token}` } });
const seen = (page) => page.evaluate(() => ({ ...globalThis.seen, at: globalThis.video?.currentTime, way: globalThis.player?.way }));
const plays = (page, from = 0.3) => until(async () => (await seen(page)).at > from, `it plays behind second ${from}`);

await inBrowser('chromium', async (browser) => {
  const page = await openPage(browser);
  const go = () => page.goto(new URL('page', files.address).href);

  // Clocks
  await go();
  await page.evaluateOnNewDocument(() => {
    const ahead = Number(sessionStorage.ahead ?? 0);
    const now = Date.now.bind(Date);
    Date.now = () => now() + ahead;
  });
  await page.evaluate(() => { sessionStorage.ahead = String(7_200_000); });
  await go();
  await start(page, [{ ...hls('a'), refresh: -7200 + 40, end: -7200 + 50 }], { rate: 1 });
  await plays(page, 3);
  let now = await seen(page);
  check(now.reasons.join() === 'load', 'a clock that is two hours ahead does not ask again and again', JSON.stringify(now));
  await page.evaluate(() => { sessionStorage.ahead = '0'; });

  // Another stream in its place
  await go();
  await start(page, [{ ...hls('a'), refresh: 2, end: 9 }, { ...hls('b'), playback_id: 'two' }]);
  await until(async () => (await seen(page)).reasons.length === 2, 'a renewal');
  await plays(page, 4);
  now = await seen(page);
  const id = () => page.evaluate(() => globalThis.player.playback.playback_id);
  check(await id() === 'one' && now.swaps === 0 && !play.seen.some((one) => one.token === 'b'), 'a renewal that names another stream keeps the old one', JSON.stringify(now));
  await page.evaluate(() => globalThis.player.load());
  await until(() => play.seen.some((one) => one.token === 'b'), 'the other stream');
  check(await id() === 'two', 'load() begins the other one');

  // A token that ends sooner than it said
  await go();
  allowed = () => true;
  await start(page, [hls('c'), hls('d')]);
  await plays(page, 1);
  await page.evaluate(() => {
    globalThis.video.volume = 0.3;
    [...globalThis.video.textTracks].find((one) => one.label === 'English').mode = 'showing';
    globalThis.player.selectAudio(1);
  });
  allowed = (token) => token !== 'c';
  await until(async () => (await seen(page)).reasons.length === 2, 'a fresh playback');
  await plays(page, 6);
  now = await seen(page);
  const chosen = await page.evaluate(() => ({
    captions: [...globalThis.video.textTracks].filter((one) => one.mode === 'showing').map((one) => one.label).join(),
    audio: globalThis.player.audioTracks.find((one) => one.selected)?.label,
  }));
  check(chosen.captions === 'English' && chosen.audio === 'Deutsch', 'the captions and the audio that were chosen stay', JSON.stringify(chosen));
  const volume = await page.evaluate(() => globalThis.video.volume);
  check(now.reasons.join() === 'load,error' && now.errors.length === 0 && volume === 0.3, 'a token that ends too soon is replaced, and the video goes on', JSON.stringify(now));

  // A stream that is gone for good, a refusal, no address
  await go();
  allowed = () => false;
  await start(page, [hls('e')]);
  await until(async () => (await seen(page)).errors.length > 0, 'an error');
  now = await seen(page);
  check(now.errors.join() === 'media' && now.reasons.length <= 5, 'a stream that is gone is an error after some tries', JSON.stringify(now));
  allowed = () => true;
  await page.evaluate(() => globalThis.player.load());
  await plays(page, 1);
  check((await seen(page)).errors.length === 1, 'load() tries again');
  await go();
  await start(page, [{ status: 409, problem: { code: 'video_not_ready', detail: 'The video is being prepared.' } }]);
  await until(async () => (await seen(page)).errors.length > 0, 'a refusal');
  const problem = await page.evaluate(() => globalThis.player.error.problem.code);
  check((await seen(page)).errors.join() === 'refused' && problem === 'video_not_ready', 'a refusal has its problem');
  await go();
  await start(page, [{ urls: {} }]);
  await until(async () => (await seen(page)).errors.join() === 'no_source', 'no address is said to be none');

  // A renewal that fails is tried again, and disturbs nobody
  await go();
  await start(page, [{ ...hls('f'), refresh: 2, end: 60 }, { network: true }]);
  await until(async () => (await seen(page)).reasons.length === 2, 'a renewal that fails');
  await plays(page, 5);
  now = await seen(page);
  check(now.errors.length === 0 && now.reasons.length === 2, 'a renewal that fails does not stop the video', JSON.stringify(now));

  // Beside the stream: tracks, poster, storyboard
  await go();
  const tracks = [{ kind: 'captions', language: 'en', name: 'English CC', url: new URL('wide/captions.vtt', files.address).href }];
  await start(page, [{ ...hls('g'), tracks, thumbnails: { large: '/wide/frame.jpg' } }]);
  await plays(page, 1);
  const cue = await page.evaluate(async () => {
    const track = [...globalThis.video.textTracks].find((one) => one.label === 'English CC');
    track.mode = 'showing';
    for (let tries = 0; tries < 200 && !track.activeCues?.length; tries += 1) await new Promise((resolve) => setTimeout(resolve, 50));
    return track.activeCues?.[0]?.text;
  });
  check(/^caption \d+$/.test(cue) && await page.evaluate(() => globalThis.video.poster.endsWith('/wide/frame.jpg')), 'the tracks and the poster of the answer are shown', String(cue));
  check(await page.evaluate(() => globalThis.player.previewAt(1)) === null, 'no storyboard, no preview');
  await page.evaluate(() => globalThis.player.close());
  check(await page.evaluate(() => !globalThis.video.currentSrc || globalThis.video.networkState === 0) && await page.evaluate(() => globalThis.video.querySelectorAll('track').length) === 0, 'close() gives the element back');

  // A browser with a complete HLS of its own
  await page.evaluateOnNewDocument(() => { Object.defineProperty(HTMLMediaElement.prototype, 'audioTracks', { get: () => [] }); });
  await go();
  await start(page, [{ ...hls('h'), refresh: 2, end: 60 }, hls('i')]);
  await plays(page, 1);
  check((await seen(page)).way === 'native' && !(await page.evaluate(() => 'Hls' in globalThis)), 'a browser with a complete HLS plays it, without hls.js');
  await until(async () => (await seen(page)).events.includes('renewal'), 'a renewal');
  const from = (await seen(page)).at;
  await plays(page, from + 2);
  now = await seen(page);
  check(now.errors.length === 0 && now.at < from + 12, 'and goes on at its place under the new address', JSON.stringify(now));
  await page.evaluate(() => globalThis.video.pause());
  check(page.faults.length === 0, 'no fault of its own', page.faults.join('\n'));
  await page.close();

  // hls.js is forbidden: what the browser has must do
  const strict = await openPage(browser);
  await strict.setRequestInterception(true);
  strict.on('request', (request) => (request.url().endsWith('hls.min.js') ? request.abort() : request.continue()));
  await strict.goto(new URL('page', files.address).href);
  await start(strict, [hls('j')]);
  await plays(strict, 0.5);
  check((await seen(strict)).way === 'native', 'without hls.js the browser plays what it can');
});

await inBrowser('firefox', async (browser) => {
  const page = await openPage(browser);
  await page.setRequestInterception(true);
  page.on('request', (request) => (request.url().endsWith('hls.min.js') ? request.abort() : request.continue()));
  await page.goto(new URL('page', files.address).href);
  await start(page, [hls('k')]);
  await until(async () => (await seen(page)).errors.join() === 'library', 'the library is missed');
  check(true, 'a browser without HLS says that hls.js did not load');
});
files.close();
