// <yourbit-upload> and <yourbit-player>: by keyboard, for screen readers, in every shape.

import { accessible, inBrowser, openPage, picture } from './browsers.mjs';
import { check, until } from './checks.mjs';
import { packageServer } from './package_server.mjs';
import { uploadServer } from './upload_server.mjs';

const { BROWSER: name, WIDE: wide, TALL: tall, SQUARE: square } = process.env;
const LONG = `${'a very long name of a film that somebody has made '.repeat(4)}ende.mp4`;
const server = await uploadServer();
const html = (direction, body) => `<!doctype html><html lang="en" dir="${direction}"><meta name="color-scheme" content="light dark"><meta name="viewport" content="width=device-width">
<title>Elements</title><link rel="stylesheet" href="/page.css"><body><main><h1>Elements</h1>${body}</main><script type="module" src="/page.mjs"></script></body></html>`;
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src *; media-src 'self' blob: data:; img-src 'self'";
const page = (body, direction = 'ltr') => (_, response) => response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': policy }).end(html(direction, body));
const file = (type, body) => (_, response) => response.writeHead(200, { 'Content-Type': type }).end(body);
const board = ['00:00.000 --> 00:12.000\n/wide/frame.jpg#xywh=0,0,160,90', '00:12.000 --> 00:24.000\n/wide/frame.jpg#xywh=160,90,160,90'];

const files = await packageServer({
  folders: { '/wide/': wide, '/tall/': tall, '/square/': square },
  pages: {
    '/upload': page('<form><yourbit-upload name="video" multiple></yourbit-upload></form>'),
    '/upload-rtl': page('<form><yourbit-upload name="video" multiple></yourbit-upload></form>', 'rtl'),
    '/player': page('<yourbit-player></yourbit-player><button type="button">Behind</button>'),
    '/player-rtl': page('<yourbit-player></yourbit-player><button type="button">Behind</button>', 'rtl'),
    '/page.css': file('text/css', 'body { margin: 0; font-family: sans-serif; background: Canvas; color: CanvasText } main { max-width: 40rem; margin: auto; padding: 1rem } .narrow { width: 12rem }'),
    '/page.mjs': file('text/javascript', "await import('/client/upload.js'); await import('/client/player.js'); globalThis.loaded = true;"),
    '/board.vtt': file('text/vtt', `WEBVTT\n\n${board.join('\n\n')}\n`),
  },
});

const go = async (page, path) => {
  await page.goto(new URL(path, files.address).href);
  await page.waitForFunction(() => globalThis.loaded);
};
const focused = (page) => page.evaluate(() => {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return at?.getAttribute('aria-label') ?? at?.textContent ?? '';
});
const fits = (page) => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
const row = (page) => page.evaluate(() => [...document.querySelector('yourbit-upload').shadowRoot.querySelectorAll('li')].map((one) => `${one.dataset.state}: ${one.querySelector('.status').textContent}`));

async function uploads(page) {
  await go(page, '/upload');
  await page.evaluate((base) => {
    const element = document.querySelector('yourbit-upload');
    let count = 0;
    globalThis.events = [];
    for (const type of ['started', 'done', 'failed', 'cancelled']) element.addEventListener(`upload-${type}`, ({ detail }) => globalThis.events.push(`${type} ${detail.file.name.slice(0, 5)}`));
    element.begin = async (given) => {
      count += 1;
      if (given.name === 'refused.mp4') return new Response(JSON.stringify({ detail: 'Your quota is used up.' }), { status: 403 });
      const path = given.name === 'gone.mp4' ? 'gone' : 'range';
      return { video: { id: `video-${count}` }, upload: { protocol: 'put_content_range', url: `${base}/${path}/e${count}-${Math.random()}`, headers: {}, chunk: { min: 1, multiple: 1, default: 200_000 } } };
    };
    globalThis.add = (given, size = 600_000) => element.add([new File([new Uint8Array(size)], given, { type: 'video/mp4' })]);
  }, server.url);
  await page.waitForFunction(() => document.querySelector('yourbit-upload').shadowRoot.querySelector('input'));
  await accessible(page, `${name}: nothing to upload yet`);
  await page.keyboard.press('Tab');
  check(await page.evaluate(() => document.querySelector('yourbit-upload').shadowRoot.activeElement?.type) === 'file', `${name}: the first key reaches the choice of files`);

  // Pause, resume, cancel by keyboard
  server.order.hold = 1;
  await page.evaluate((long) => { globalThis.add(long); }, LONG);
  await until(() => server.order.held, 'a piece is held');
  await page.keyboard.press('Tab');
  check(await focused(page) === `Pause ${LONG}`, `${name}: then the pause of an upload`, await focused(page));
  await page.keyboard.press('Enter');
  await until(async () => /^paused: Paused at/.test((await row(page))[0]), 'it is paused');
  check(await focused(page) === `Resume ${LONG}`, `${name}: the focus stays where it was`);
  const told = () => page.evaluate(() => document.querySelector('yourbit-upload').shadowRoot.querySelector('[role=status]').textContent);
  check((await told()).includes('Paused at'), `${name}: a screen reader hears of it`, await told());
  await accessible(page, `${name}: a paused upload`);
  for (const width of [360, 768, 1280]) {
    await page.setViewport({ width, height: 700 });
    check(await fits(page), `${name}: a long name fits at ${width} pixels`);
    await picture(page, `upload-${name}-${width}`);
  }
  server.order.hold = Infinity;
  await page.keyboard.press('Enter');
  await until(async () => (await row(page))[0] === 'done: Uploaded', 'it is done');
  const value = await page.evaluate(() => [...new FormData(document.querySelector('form')).entries()].join());
  check(value === 'video,video-1', `${name}: the form around it has the id`, value);

  // Refused, failed, not accepted
  await page.evaluate(() => { globalThis.add('refused.mp4'); });
  await until(async () => (await row(page))[1]?.includes('Your quota is used up.'), 'the words of the refusal');
  await page.evaluate(() => { globalThis.add('gone.mp4'); });
  await until(async () => (await row(page))[2]?.startsWith('failed: The upload address'), 'a dead address');
  await page.evaluate(() => document.querySelector('yourbit-upload').add([new File(['x'], 'text.txt', { type: 'text/plain' })]));
  await until(async () => (await told()).includes('text.txt'), 'a file of another type is named');
  check((await row(page)).length === 3, `${name}: a file of another type is not taken`);
  await accessible(page, `${name}: uploads that have failed`);
  if (name === 'chromium') {
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
    await accessible(page, `${name}: the same, in dark`);
    await picture(page, `upload-${name}-dark`);
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
  }
  const events = await page.evaluate(() => globalThis.events.join());
  check(events === 'started a ver,done a ver,started refus,failed refus,started gone.,failed gone.', `${name}: and the page is told`, events);

  // Other words, another direction, dark
  await page.evaluate(() => { document.querySelector('yourbit-upload').labels = { choose: 'Video auswählen' }; });
  check(await page.evaluate(() => document.querySelector('yourbit-upload').shadowRoot.querySelector('label').textContent) === 'Video auswählen', `${name}: the words can be replaced`);
  await go(page, '/upload-rtl');
  await page.evaluate(() => {
    const element = document.querySelector('yourbit-upload');
    element.begin = async () => { throw new Error('closed'); };
    return element.add([new File(['x'], 'סרטון ארוך.mp4', { type: 'video/mp4' })]);
  });
  await until(async () => (await row(page))[0]?.startsWith('failed'), 'a failed upload');
  await accessible(page, `${name}: from right to left`);
  await picture(page, `upload-rtl-${name}`);
}

const start = (page, answer, autoplay = true) => page.evaluate(({ answer, autoplay }) => {
  const element = document.querySelector('yourbit-player');
  element.toggleAttribute('muted', true);
  element.toggleAttribute('autoplay', autoplay);
  element.playback = async () => answer;
}, { answer, autoplay });
const media = (page, probe) => page.evaluate(`(({ media, shadowRoot }) => media && (${probe})(media, shadowRoot))(document.querySelector('yourbit-player'))`);
const inside = (page, selector) => page.evaluate((given) => {
  const found = document.querySelector('yourbit-player').shadowRoot.querySelector(given);
  if (!found || found.hidden) return null;
  const { width, height, left, right, bottom } = found.getBoundingClientRect();
  const frame = document.querySelector('yourbit-player').getBoundingClientRect();
  return { width, height, isInside: left >= frame.left - 1 && right <= frame.right + 1 && bottom <= frame.bottom + 1 };
}, selector);

async function players(page) {
  const answer = { playback_id: 'wide', refresh_after: null, urls: { hls: '/wide/index.m3u8', storyboard: '/board.vtt' }, thumbnails: { large: '/wide/frame.jpg' } };
  await go(page, '/player');
  await start(page, answer, false);
  await until(() => media(page, '(video) => video.readyState > 0'), 'the video is there');
  check(await media(page, '(video) => video.poster.endsWith("/wide/frame.jpg") && video.paused'), `${name}: a poster, and nothing plays by itself`);
  await accessible(page, `${name}: a player before it plays`);
  await picture(page, `player-${name}-before`);

  // Keyboard alone
  await page.keyboard.press('Tab');
  await until(async () => /^Play/.test(await focused(page)), 'the first key reaches Play');
  await page.keyboard.press('Enter');
  await until(() => media(page, '(video) => video.currentTime > 0.2'), 'it plays');
  await page.keyboard.press('k');
  await until(() => media(page, '(video) => video.paused'), 'k pauses');
  const at = await media(page, '(video) => video.currentTime');
  await page.keyboard.press('ArrowRight');
  await until(() => media(page, `(video) => Math.abs(video.currentTime - ${at} - 5) < 0.5`), 'an arrow seeks');
  await page.keyboard.press('m');
  check(await media(page, '(video) => !video.muted'), `${name}: Play, pause, seek and sound by keyboard`);
  await page.keyboard.press('m');
  await page.keyboard.press('c');
  await until(() => media(page, '(video) => [...video.textTracks].some((track) => track.mode === "showing")'), 'captions');
  await until(async () => await media(page, '(_, root) => root.querySelector("[part~=captions]").selectedOptions[0]?.textContent') === 'English', 'the menu follows');
  check(await media(page, '(_, root) => root.querySelectorAll("[part~=audio] option").length') === 2, `${name}: a menu of the audio tracks`);
  let last = '';
  for (let tabs = 0; tabs < 12 && last !== 'Behind'; tabs += 1) {
    await page.keyboard.press('Tab');
    last = await focused(page);
  }
  check(last === 'Behind', `${name}: the keyboard leaves the player again`);
  const spoken = await media(page, '(_, root) => root.querySelector("[part~=seek]").getAttribute("aria-valuetext")');
  check(/^0:0\d of 0:24$/.test(spoken), `${name}: the position is spoken as time: ${spoken}`);
  await accessible(page, `${name}: a player with captions`);

  // Previews
  const bar = await page.evaluate(() => { const { left, top, width, height } = document.querySelector('yourbit-player').shadowRoot.querySelector('[part~=seek]').getBoundingClientRect(); return { left, top, width, height }; });
  await until(async () => {
    await page.mouse.move(bar.left + bar.width * 0.75, bar.top + bar.height / 2);
    await page.mouse.move(bar.left + bar.width * 0.76, bar.top + bar.height / 2);
    return media(page, '(_, root) => !root.querySelector("[part~=preview]").hidden');
  }, 'a preview');
  const shown = await media(page, '(_, root) => root.querySelector("[part~=preview] div").style.backgroundPosition');
  check(shown === '-160px -90px' && (await inside(page, '[part~=preview]')).isInside, `${name}: the frame of the storyboard under the pointer`, shown);
  await picture(page, `player-${name}-preview`);

  // Every shape, every width
  for (const [shape, urls, thumbnails] of [
    ['9:16', { hls: '/tall/index.m3u8' }, { large: '/tall/frame.jpg' }],
    ['1:1', { hls: '/square/index.m3u8' }, {}],
    ['audio', { hls: '/wide/english.m3u8' }, {}],
  ]) {
    for (const width of [360, 1280]) {
      await page.setViewport({ width, height: 800 });
      await go(page, '/player');
      await start(page, { playback_id: shape, refresh_after: null, urls, thumbnails });
      await until(() => media(page, '(video) => video.currentTime > 0.2'), `${shape} plays`);
      const parts = await Promise.all(['[part~=controls]', '[part~=seek]', '[part~=play]'].map((part) => inside(page, part)));
      check(await fits(page) && parts.every((one) => one?.isInside), `${name}: ${shape} at ${width} pixels has its controls inside`, JSON.stringify(parts));
      const { height } = await page.evaluate(() => document.querySelector('yourbit-player').getBoundingClientRect().toJSON());
      check(shape === 'audio' ? height < 100 : height <= 800 * 0.81, `${name}: ${shape} at ${width} pixels is ${Math.round(height)} pixels high`);
      await picture(page, `player-${name}-${shape.replace(':', 'x')}-${width}`);
    }
    await accessible(page, `${name}: ${shape}`);
  }

  // Errors in words
  await page.setViewport({ width: 768, height: 700 });
  await go(page, '/player-rtl');
  await page.evaluate(() => {
    const element = document.querySelector('yourbit-player');
    element.addEventListener('player-error', ({ detail }) => { globalThis.reason = detail.error.reason; });
    element.playback = async () => new Response(JSON.stringify({ code: 'not_found', detail: 'The video is not there.' }), { status: 404 });
  });
  await until(() => page.evaluate(() => globalThis.reason), 'an error');
  const words = await page.evaluate(() => document.querySelector('yourbit-player').shadowRoot.querySelector('[role=alert]').textContent);
  check(words.endsWith('The video is not there.') && await page.evaluate(() => globalThis.reason) === 'refused', `${name}: an error says what happened: ${words}`);
  await accessible(page, `${name}: an error`);
  await picture(page, `player-${name}-error`);
  await page.evaluate((given) => {
    const element = document.querySelector('yourbit-player');
    element.playback = async () => given;
  }, answer);
  await until(() => media(page, '(video) => video.readyState > 0'), 'another video in its place');
  check(await inside(page, '[part~=error]') === null, `${name}: and goes when another video comes`);
}

await inBrowser(name, async (browser) => {
  for (const [scheme, run] of [['light', uploads], ['dark', players]]) {
    const page = await openPage(browser);
    if (name === 'chromium') await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    await run(page);
    check(page.faults.length === 0, `${name}: no fault of its own, under a strict policy`, page.faults.join('\n'));
    await page.close();
  }
});
server.close();
files.close();
