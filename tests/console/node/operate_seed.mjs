// What the pages of those who run the service have to show: videos of each form, events in and out, an endpoint that is gone.

import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { until } from './checks.mjs';
import { caller, tokenOf } from './tokens.mjs';

/** The number of webhook events whose videos are not known here. */
export const PARKED = 60;

/** An endpoint of the application that answers 410. Gives a function that ends it. */
export async function startEndpoint() {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(410).end();
  });
  await new Promise((resolve) => server.listen(Number(process.env.HOOK_PORT), '127.0.0.1', resolve));
  return () => new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
}

/** Uploads these forms for `owner`, and waits until each is ready or has failed. Gives name → id. */
export async function uploadForms(owner, names) {
  const call = caller(tokenOf(owner));
  const forms = {
    tall: [await readFile(process.env.TALL), { title: 'Nine by sixteen' }],
    four: [await readFile(process.env.FOUR), { title: `${'Four by three in many words '.repeat(7)}and no more`, playback_policy: 'public', metadata: { course: '42' } }],
    sound: [await readFile(process.env.SOUND), { title: 'صوت فقط 12' }],
    sounds: [await readFile(process.env.TWO_SOUNDS), { title: 'Two sounds' }],
    broken: [Buffer.alloc(100_000, 7), { title: 'Broken' }],
  };
  const ids = {};
  for (const name of names) {
    const [file, more] = forms[name];
    const { video, upload } = await call('POST', '/v1/uploads', { file_size: file.length, ...more });
    const sent = await fetch(upload.url, { method: 'PUT', body: file, headers: upload.headers });
    if (!sent.ok) throw new Error(`the upload of ${name}: ${sent.status}`);
    ids[name] = video.id;
  }
  const ended = async (id) => ['ready', 'errored'].includes((await call('GET', `/v1/videos/${id}`)).status);
  for (const id of Object.values(ids)) await until(() => ended(id), 'a video is ready or has failed', 120_000);
  return ids;
}

/** Posts a webhook as the second provider would. */
async function post(body) {
  const time = Math.floor(Date.now() / 1000);
  const signature = createHmac('sha256', process.env.WEBHOOK_SECRET).update(`${time}.${body}`).digest('hex');
  const answer = await fetch(new URL('/v1/webhooks/mux', process.env.URL), { method: 'POST', body, headers: { 'mux-signature': `t=${time},v1=${signature}` } });
  if (!answer.ok) throw new Error(`the webhook: ${answer.status} ${await answer.text()}`);
}

/** Events that are parked, and one that cannot be read. */
export async function postEvents() {
  for (let at = 0; at < PARKED; at += 1) {
    const data = { id: `asset-${at}`, upload_id: `upload-${at}`, status: 'ready', stream_url: 'https://provider.example/hidden-path' };
    await post(JSON.stringify({ id: `event-${at}`, type: 'video.asset.ready', created_at: new Date().toISOString(), data }));
  }
  await post('this is no JSON');
}

/** How many events of the inbox are in this state, counted by a dry run. */
export async function countOf(state) {
  const call = caller(tokenOf('ops', { scope: 'video:admin' }));
  return (await call('POST', '/v1/admin/webhook-events/replay', { state, dry_run: true })).matched;
}
