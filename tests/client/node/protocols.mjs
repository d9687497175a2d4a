// The transfer alone, in the browser: every protocol, every fault.

import { createHash } from 'node:crypto';
import { inBrowser, openPage } from './browsers.mjs';
import { check } from './checks.mjs';
import { packageServer } from './package_server.mjs';
import { uploadServer } from './upload_server.mjs';

const files = await packageServer();
const SIZE = 1_500_000;
const server = await uploadServer();
const { order, log } = server;
let count = 0;

/** Twice: what is cut on a line that was used before, the browser repeats by itself. */
const cut = (bytes) => { order.cut = [bytes, bytes]; };

await inBrowser('chromium', async (browser) => {
  const page = await openPage(browser);
  await page.goto(files.address);

  /** Uploads random bytes as the descriptor says; tells what came of it, here and there. */
  async function send(what, { path, file = SIZE, steps = '', ...descriptor }) {
    count += 1;
    const id = `u${count}`;
    log.length = 0;
    const whole = { method: 'PUT', headers: {}, form_fields: {}, file_field: null, tus_metadata: {}, chunk: null, max_bytes: null, ...descriptor };
    whole.url = `${server.url}/${path}/${id}`;
    const outcome = await page.evaluate(async ({ whole, file, steps }) => {
      const { Transfer } = await import('/client/transfer.js');
      const bytes = new Uint8Array(file);
      for (let at = 0; at < file; at += 65_536) crypto.getRandomValues(bytes.subarray(at, Math.min(at + 65_536, file)));
      const hash = Array.from(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)), (byte) => byte.toString(16).padStart(2, '0')).join('');
      const transfer = new Transfer(new File([bytes], 'a clip.mp4', { type: 'video/mp4' }), whole, { firstWait: 20 });
      const states = [];
      const progress = [];
      transfer.addEventListener('change', () => {
        if (states.at(-1) !== transfer.state) states.push(transfer.state);
        progress.push(transfer.sent);
        if (steps === 'pause' && transfer.sent > 300_000 && !states.includes('paused')) {
          transfer.pause();
          setTimeout(() => transfer.resume(), 50);
        }
        if (steps === 'cancel' && transfer.sent > 300_000) transfer.cancel();
      });
      const failure = await transfer.start().then(() => null, (error) => ({ reason: error.reason, status: error.status }));
      return { hash, states, failure, most: Math.max(0, ...progress), state: transfer.state };
    }, { whole, file, steps });
    order.cut = [];
    const there = server.uploads.get(id);
    const arrived = Boolean(there?.done) && createHash('sha256').update(there.data).digest('hex') === outcome.hash;
    return { what, ...outcome, there, arrived, log: [...log] };
  }

  const arrives = (result, claim = '') => check(result.arrived && result.state === 'done' && result.most === SIZE, `${result.what}${claim}`, JSON.stringify({ ...result, there: undefined }));
  const fails = (result, reason) => check(result.failure?.reason === reason && !result.arrived, `${result.what}: ${reason}`, JSON.stringify({ ...result, there: undefined }));

  const put = { path: 'put', protocol: 'put', headers: { 'X-Extra': 'yes' } };
  const range = { path: 'range', protocol: 'put_content_range', chunk: { min: 262_144, multiple: 262_144, default: 600_000, max: 10_000_000 } };
  const form = { path: 'form', protocol: 'post_form', method: 'POST', form_fields: { key: 'a', policy: 'b' }, file_field: 'video' };
  const pieces = { ...form, protocol: 'post_form_content_range', chunk: { min: 400_000, multiple: 1, default: 500_000, max: 1_000_000 } };
  const existing = { path: 'tus', protocol: 'tus_existing', chunk: { min: 262_144, multiple: 262_144, default: 524_288, max: 10_000_000 } };
  const create = { ...existing, protocol: 'tus_create', method: 'POST', headers: { Authorization: 'signed' }, tus_metadata: { filetype: 'video/mp4', title: 'Größe', private: '' } };

  let result = await send('put', put);
  arrives(result);
  check(result.there.headers['x-extra'] === 'yes' && result.log.length === 1, 'put: one request, with the headers of the descriptor');
  cut(500_000);
  arrives(await send('put, cut off', put), ', begins anew');

  result = await send('put_content_range', range);
  arrives(result);
  check(result.log.join() === `PUT bytes 0-524287/${SIZE},PUT bytes 524288-1048575/${SIZE},PUT bytes 1048576-1499999/${SIZE}`, 'pieces are whole multiples, the last one excepted', result.log.join());
  cut(100_000);
  result = await send('put_content_range, cut off', range);
  arrives(result, ', resumes');
  check(result.log.includes(`PUT bytes */${SIZE}`) && result.log.some((one) => one.startsWith('PUT bytes 1')) && result.states.includes('retrying'), 'after asking for the offset', result.log.join());
  order.hide = true;
  arrives(await send('put_content_range, Range hidden by CORS', range));
  cut(600_000);
  arrives(await send('put_content_range, Range hidden and cut off', range), ', sends the piece again');
  order.hide = false;
  arrives(await send('put_content_range, paused', { ...range, steps: 'pause' }));
  result = await send('put_content_range, cancelled', { ...range, steps: 'cancel' });
  fails(result, 'cancelled');
  check(result.state === 'cancelled', 'and stays so');
  order.fail = [[503, { 'Retry-After': '0' }], [429, {}], [500, {}]];
  arrives(await send('put_content_range, three failures of the server', range));
  order.fail = [[404, {}]];
  fails(await send('put_content_range, the address is gone', range), 'expired');
  order.fail = [[507, {}]];
  fails(await send('put_content_range, no room', range), 'full');
  order.fail = Array.from({ length: 30 }, () => [500, {}]);
  fails(await send('put_content_range, a server that is broken for good', range), 'server');
  order.fail = [];

  result = await send('post_form', form);
  arrives(result);
  check(JSON.stringify(result.there.fields) === JSON.stringify({ key: 'a', policy: 'b', video: 'a clip.mp4' }), 'post_form: the fields first, the file last', JSON.stringify(result.there.fields));
  order.fail = [[400, {}]];
  result = await send('post_form, refused', form);
  fails(result, 'refused');
  check(result.log.length === 1, 'a refused form is not sent again');
  result = await send('post_form_content_range', pieces);
  arrives(result);
  check(result.log.length === 3, 'post_form_content_range: in pieces', result.log.join());
  cut(200_000);
  arrives(await send('post_form_content_range, cut off', pieces), ', sends the piece again');

  arrives(await send('tus_existing', existing));
  cut(700_000 - 524_288);
  result = await send('tus_existing, cut off', existing);
  arrives(result, ', resumes');
  check(result.log.some((line) => line.startsWith('HEAD')), 'after asking for the offset', result.log.join());
  order.hide = true;
  arrives(await send('tus_existing, Upload-Offset hidden by CORS', existing));
  order.hide = false;
  arrives(await send('tus_existing, paused', { ...existing, steps: 'pause' }));

  result = await send('tus_create', create);
  arrives(result);
  check(result.there.length === SIZE && result.there.headers.authorization === 'signed', 'tus_create: the length and the headers are told');
  check(result.there.metadata === `filetype ${btoa('video/mp4')},title R3LDtsOfZQ==,private`.replace('R3LDtsOfZQ==', Buffer.from('Größe').toString('base64')), 'metadata is base64 of UTF-8; an empty value is a flag', result.there.metadata);
  order.fail = [[401, {}]];
  fails(await send('tus_create, no longer signed', create), 'expired');

  fails(await send('a file that is too large', { ...range, max_bytes: 1000 }), 'too_large');
  fails(await send('an empty file', { ...range, file: 0 }), 'empty');
});
server.close();
files.close();
