// A frontend of one's own, served by its development server on another port of this machine.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { check, run } from './browser.mjs';

const { URL: url, PAGE: address, CLIP: clip } = process.env;
const token = new URL(address).hash.replace('#token=', '');
const file = await readFile(clip);
const frontend = createServer((request, response) => {
  const isClip = request.url === '/clip.mp4';
  response.writeHead(200, { 'Content-Type': isClip ? 'video/mp4' : 'text/html' }).end(isClip ? file : '<!doctype html><title>A frontend</title>');
});
await new Promise((resolve) => { frontend.listen(0, '127.0.0.1', resolve); });
const { port } = frontend.address();

/** What a frontend does: begins an upload, sends the file, follows the status, plays. `begun`: by its backend already. */
async function journey({ api, token, begun }) {
  const auth = { Authorization: `Bearer ${token}` };
  const headers = { ...auth, 'Content-Type': 'application/json' };
  const { video, upload } = begun ?? await (await fetch(new URL('v1/uploads', api), { method: 'POST', headers, body: '{}' })).json();
  const file = await (await fetch('/clip.mp4')).blob();
  const sent = await fetch(upload.url, { method: 'PUT', body: file });
  const events = new EventSource(new URL(video.events_url, api));
  const status = await new Promise((resolve, reject) => {
    events.addEventListener('video', (event) => {
      const { status } = JSON.parse(event.data);
      if (['ready', 'errored'].includes(status)) resolve(status);
    });
    events.onerror = () => events.readyState === EventSource.CLOSED && reject(new Error('the stream was refused'));
  });
  events.close();
  const answer = await fetch(new URL(`v1/videos/${video.id}/playback`, api), { headers: auth });
  const playback = await answer.json();
  const stream = await fetch(playback.urls.hls);
  return { sent: sent.status, status, played: (await stream.text()).startsWith('#EXTM3U') };
}

await run(async (browser, open) => {
  for (const host of ['localhost', '127.0.0.1']) {
    const page = await open(`http://${host}:${port}/`);
    const done = await page.evaluate(journey, { api: url, token });
    check(done.sent === 200 && done.status === 'ready' && done.played, `a page at http://${host}:${port} uploads, follows and plays`, JSON.stringify(done));
  }

  // Its backend began the upload: the provider was told of no page.
  const page = await open(`http://localhost:${port}/`);
  const begun = await (await fetch(new URL('v1/uploads', url), { method: 'POST', headers: { Authorization: `Bearer ${token}` } })).json();
  const done = await page.evaluate(journey, { api: url, token, begun });
  check(done.sent === 200 && done.status === 'ready', 'and sends a file whose upload its backend began', JSON.stringify(done));

  // What it may not: read the console, or ask as a page without an origin.
  const read = (path) => page.evaluate((address) => fetch(address).then(() => 'read', () => 'refused'), new URL(path, url).href);
  check(await read('/') === 'refused' && await read('/console/session.js') === 'refused', 'the console page is not for it');
  const blank = await open('about:blank');
  const asked = await blank.evaluate(({ api, token }) => fetch(new URL('v1/videos', api), { headers: { Authorization: `Bearer ${token}` } }).then(() => 'read', () => 'refused'), { api: url, token });
  check(asked === 'refused', 'a page without an origin is none of this machine');
});
frontend.close();
