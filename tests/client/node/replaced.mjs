// A video is replaced while somebody watches it: playback goes on to its end, and the next start shows the new file.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { inBrowser, openPage } from './browsers.mjs';
import { check, until } from './checks.mjs';

const { URL: service, TOKEN: token, BROWSER: name, CLIP: clip, OTHER: other } = process.env;

const page = `<!doctype html><html lang="en"><title>Player</title><video muted></video><script type="module">
import { play } from '${service}client/v1/player.js';
const playback = () => fetch('${service}v1/videos/' + location.hash.slice(1) + '/playback', { headers: { authorization: 'Bearer ${token}' } });
const video = document.querySelector('video');
// Why a short buffer: most of the video is fetched after the replacement.
globalThis.player = play(video, { playback, autoplay: true, hls: { maxBufferLength: 2, maxMaxBufferLength: 2, maxBufferSize: 1 }, onError: (error) => { globalThis.fault = error.reason; } });
</script></html>`;
const server = createServer((_, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end(page));
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const address = `http://127.0.0.1:${server.address().port}/`;

async function call(method, path, body) {
  const response = await fetch(new URL(path, service), {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
  return answer;
}

async function send(file, request) {
  const { video, upload } = await call('POST', '/v1/uploads', request);
  const sent = await fetch(upload.url, { method: 'PUT', body: await readFile(file) });
  check(sent.ok, 'the file is sent');
  return video.id;
}

const stage = (tab) => tab.evaluate(() => {
  const video = document.querySelector('video');
  return { at: video.currentTime, length: video.duration, ended: video.ended, fault: globalThis.fault ?? null };
});

try {
  const id = await send(clip, { title: 'Watched' });
  const before = await until(async () => { const video = await call('GET', `/v1/videos/${id}`); return video.status === 'ready' && video; }, 'the video is ready');
  await inBrowser(name, async (browser) => {
    const tab = await openPage(browser);
    const later = [];
    let replaced = false;
    tab.on('response', (response) => replaced && /\.(ts|m4s|mp4)(\?|$)/.test(response.url()) && later.push(response.status()));
    await tab.goto(`${address}#${id}`);
    await until(async () => (await stage(tab)).at > 0.2, 'it plays');
    check(await send(other, { replaces: id }) === id, 'the answer names the video itself');
    const after = await until(async () => { const video = await call('GET', `/v1/videos/${id}`); return video.asset_id !== before.asset_id && video; }, 'the new file takes its place');
    replaced = true;
    const { at } = await stage(tab);
    check(at < before.duration_seconds - 4, `it is replaced in the middle, at ${at} of ${before.duration_seconds} s`);
    check(after.id === before.id && after.title === 'Watched' && after.status === 'ready', 'id and title stay');
    await tab.evaluate(() => { document.querySelector('video').playbackRate = 2; });
    await until(async () => {
      const now = await stage(tab);
      if (now.fault) throw new Error(`the player failed: ${now.fault}`);
      return now.ended;
    }, 'it plays to its end');
    const end = await stage(tab);
    check(Math.abs(end.length - before.duration_seconds) < 0.5, `the old file, to its end: ${end.length} s`);
    check(later.length > 2 && later.every((status) => status === 200 || status === 206), `${later.length} pieces of it came after the replacement`, later.join());
    await tab.reload();
    await until(async () => Math.abs((await stage(tab)).length - after.duration_seconds) < 0.5, 'the next start shows the new file');
    check(after.duration_seconds < 8, `which is ${after.duration_seconds} s long`);
    check(tab.faults.length === 0, 'the page had no fault', tab.faults.join('\n'));
  });
} finally {
  server.close();
}
