// The service below a path of its host, which nginx strips: the page, the API, the documents and the built-in provider.

import { request } from 'node:http';
import { check, drop, picture, run, until } from './browser.mjs';

const { PUBLIC: api, TOKEN: token, CLIP: clip } = process.env;
const auth = { Authorization: `Bearer ${token}` };
const origin = new URL(api).origin;

await run(async (browser, open) => {
  const asked = [];
  const page = await open('about:blank');
  page.on('request', (request) => asked.push(request.url()));
  const failed = [];
  page.on('response', (response) => response.status() >= 400 && failed.push(`${response.status()} ${response.url()}`));

  // The page, from the file to the picture
  await page.goto(`${api}/`);
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByText('No videos yet').waitFor();
  await page.getByText('Upload from a terminal').click();
  check((await page.locator('.snippet code').first().innerText()).includes(`${api}/v1/uploads`), 'the lines to copy have the path');
  await drop(page, clip, 'clip.mp4');
  await page.getByRole('button', { name: 'Upload', exact: true }).click();
  await page.waitForURL(/#\/videos\//);
  await page.locator('.stage[data-kind="ready"]').waitFor({ timeout: 120_000 });
  check(asked.some((one) => one.startsWith(`${api}/v1/videos/`) && one.includes('/events?ticket=')), 'its status came by the event stream');
  await until(() => page.locator('.poster img').evaluate((one) => one.complete && one.naturalWidth > 0), 'the poster loads');
  await page.getByRole('button', { name: /^Play/ }).click();
  const video = page.locator('video');
  await until(() => video.evaluate((one) => one.currentTime > 1), 'currentTime advances');
  await video.evaluate((one) => one.pause());
  check(true, 'the page uploads, follows and plays');
  await picture(page, 'below-1280-light');

  // The documents
  await page.goto(`${api}/docs`);
  await page.locator('h3', { hasText: 'video.ready' }).waitFor();
  await page.goto(`${api}/problems/video_not_ready`);
  await page.getByRole('link', { name: 'The API' }).click();
  await page.locator('h3', { hasText: 'video.ready' }).waitFor();
  check(page.url() === `${api}/docs`, 'the documents lead to each other', page.url());
  const outside = asked.filter((one) => /^https?:/.test(one) && !one.startsWith(`${api}/`));
  check(outside.length === 0 && asked.length > 20, `nothing was asked for outside the path (${asked.length})`, outside.join('\n'));
  check(failed.length === 0, 'and nothing was missing', failed.join('\n'));
});

// The API: clients resolve what they are given
const at = (given) => new URL(given, `${api}/`).href;
const call = (path, options = {}) => fetch(`${api}${path}`, { ...options, headers: { ...auth, 'Content-Type': 'application/json', ...options.headers } });
const made = await call('/v1/uploads', { method: 'POST', body: '{}' });
const { video, upload } = await made.json();
check(at(made.headers.get('location')) === `${api}/v1/videos/${video.id}`, 'Location leads to the video', made.headers.get('location'));
check((await fetch(at(made.headers.get('location')), { headers: auth })).status === 200, 'which is there');
check(upload.url.startsWith(`${api}/local/upload/`), 'the file goes below the path', upload.url);
const preflight = await new Promise((resolve, reject) => {
  const headers = { Origin: 'http://localhost:5173', 'Access-Control-Request-Method': 'PUT' };
  request(upload.url, { method: 'OPTIONS', headers, agent: false }, (answer) => resolve(answer.resume())).on('error', reject).end();
});
check(preflight.statusCode === 204 && !preflight.headers['access-control-allow-origin'], 'outside development mode a page of this machine is like any other');
const stream = await fetch(at(video.events_url));
check(stream.ok && stream.headers.get('content-type').startsWith('text/event-stream'), 'events_url opens the stream', video.events_url);
await stream.body.cancel();
const list = await call('/v1/videos?limit=1');
const [, next] = /<([^>]+)>; rel="next"/.exec(list.headers.get('link'));
check((await (await fetch(at(next), { headers: auth })).json()).data.length === 1, 'Link leads to the next page', next);
for (const [path, options, status] of [['/v1/nothing', {}, 404], ['/v1/videos', { headers: { Authorization: '' } }, 401], [`/v1/videos/${video.id}/playback`, {}, 409]]) {
  const refused = await call(path, options);
  const problem = await refused.json();
  const explained = await fetch(at(problem.type));
  check(refused.status === status && explained.ok && (await explained.json()).code === problem.code, `the type of ${problem.code} resolves`, problem.type);
}
const document_ = await (await fetch(`${api}/openapi.json`)).json();
check(at(document_.servers[0].url) === api, 'the document names the path', JSON.stringify(document_.servers));
const ready = (await (await call('/v1/videos?status=ready')).json()).data[0];
const playback = await (await call(`/v1/videos/${ready.id}/playback`)).json();
const addresses = [...Object.values(playback.urls), ...Object.values(playback.thumbnails)];
for (const address of addresses) {
  const answer = await fetch(address);
  check(answer.ok && address.startsWith(`${origin}/video/local/`), new URL(address).pathname, `${answer.status} ${address}`);
}
