// What `upload` does around the transfer: begins, stores, goes on after a reload, waits for its turn.

import { createHash } from 'node:crypto';
import { inBrowser, openPage } from './browsers.mjs';
import { check, until } from './checks.mjs';
import { packageServer } from './package_server.mjs';
import { uploadServer } from './upload_server.mjs';

const SIZE = 1_500_000;
const server = await uploadServer();
const files = await packageServer({ pages: { '/opaque': '<!doctype html><title>A frame</title><iframe sandbox="allow-scripts" src="/"></iframe>' } });
const sum = (data) => createHash('sha256').update(data).digest('hex');
let count = 0;

/** A page with `start(options)`: uploads a file of the same bytes, name and date on each call. */
async function open(browser) {
  const page = await openPage(browser);
  await page.goto(files.address);
  await prepare(page);
  return page;
}

const prepare = (page) => page.evaluate(async ({ size, base, client }) => {
  const { upload, stored } = await import(client);
  const bytes = new Uint8Array(size).map((_, at) => (at * 7919) % 251);
  globalThis.fileOf = (name) => new File([bytes], name, { type: 'video/mp4', lastModified: 1_700_000_000_000 });
  globalThis.stored = stored;
  globalThis.begun = [];
  globalThis.start = ({ name = 'a clip.mp4', path = 'range', id, descriptor = {}, ...options }) => {
    const begin = async (file, { idempotencyKey }) => {
      globalThis.begun.push(idempotencyKey);
      const chunk = { min: 262_144, multiple: 262_144, default: 262_144, max: 10_000_000 };
      return { video: { id: `video-${id}` }, upload: { protocol: 'put_content_range', url: `${base}/${path}/${id}`, headers: {}, chunk, ...descriptor } };
    };
    const one = upload(globalThis.fileOf(name), { begin, ...options });
    globalThis.last = one;
    one.result = one.then((done) => ({ ...done, state: one.state }), (error) => ({ reason: error.reason, state: one.state, detail: error.detail, problem: error.problem }));
    return one;
  };
}, { size: SIZE, base: server.url, client: new URL('client/upload.js', files.address).href });

const newId = () => `t${count += 1}`;
const records = (page) => page.evaluate(() => Object.keys(localStorage).length);
const start = (page, options) => page.evaluate((given) => { globalThis.start(given); }, options);
const end = (page) => page.evaluate(() => globalThis.last.result);
const arrived = (id) => server.uploads.get(id)?.done && sum(server.uploads.get(id).data);
const whole = sum(Buffer.from(Array.from({ length: SIZE }, (_, at) => (at * 7919) % 251)));

/** Sends until some pieces are confirmed, and then leaves the page. */
async function leaveInTheMiddle(page, options) {
  server.order.hold = 3;
  await start(page, options);
  await until(() => server.order.held, 'the fourth request is held');
  server.order.hold = Infinity;
  server.order.held = false;
  await page.goto('about:blank');
  await page.goto(files.address);
  await prepare(page);
}

await inBrowser('chromium', async (browser) => {
  const page = await open(browser);

  // Goes on after a reload, by each protocol that can
  const tus = { descriptor: { protocol: 'tus_create' }, path: 'tus' };
  const form = { descriptor: { protocol: 'post_form_content_range', file_field: 'video' }, path: 'form' };
  for (const [what, more] of [['put_content_range', {}], ['tus_create', tus], ['post_form_content_range', form]]) {
    const id = newId();
    await leaveInTheMiddle(page, { id, ...more });
    const known = await page.evaluate(() => globalThis.stored(globalThis.fileOf('a clip.mp4')));
    check(known?.video.id === `video-${id}` && known.offset > 0, `${what}: the page can tell that a part of the file has arrived`, JSON.stringify(known));
    server.log.length = 0;
    await start(page, { id: newId(), ...more });
    const result = await end(page);
    check(result.resumed && result.video.id === `video-${id}` && arrived(id) === whole, `${what}: after a reload the same file goes on`, JSON.stringify(result));
    check(await page.evaluate(() => globalThis.begun.length) === 0, `${what}: nothing is begun for it`);
    check(!server.log.some((line) => / (bytes )?0(-|$)/.test(line)), `${what}: what has arrived is not sent again`, server.log.join('\n'));
    check(await records(page) === 0, `${what}: an upload that has ended is not stored`);
  }

  // Nothing to go on with
  for (const protocol of ['put', 'post_form']) {
    await start(page, { id: newId(), path: protocol === 'put' ? 'put' : 'form', descriptor: { protocol, file_field: 'video' } });
    await until(() => page.evaluate(() => globalThis.last.state !== 'queued' && globalThis.last.state !== 'starting'), 'it has begun');
    const kept = await records(page);
    check((await end(page)).state === 'done' && kept === 0, `${protocol}: nothing is stored`);
  }
  let id = newId();
  await leaveInTheMiddle(page, { id });
  await start(page, { id: newId(), owner: 'somebody else' });
  check(!(await end(page)).resumed, 'another owner begins anew');
  await start(page, { id: newId(), name: 'another.mp4' });
  check(!(await end(page)).resumed, 'so does another name');
  server.uploads.delete(id);
  server.order.gone.push(id);
  await start(page, { id: newId() });
  let result = await end(page);
  check(!result.resumed && result.state === 'done' && arrived(`t${count}`) === whole, 'an upload that the server does not know any more begins anew', JSON.stringify(result));
  await leaveInTheMiddle(page, { id: newId(), descriptor: { expires_at: new Date(Date.now() - 1000).toISOString() } });
  await start(page, { id: newId() });
  check(!(await end(page)).resumed, 'so does one that has ended');
  await leaveInTheMiddle(page, { id: newId() });
  await start(page, { id: newId(), resume: false });
  check(!(await end(page)).resumed, 'and one that is told not to resume');
  await page.evaluate(() => localStorage.clear());

  // Two tabs
  id = newId();
  server.order.hold = 3;
  await start(page, { id });
  await until(() => server.order.held, 'the first tab is in the middle');
  const second = await open(browser);
  server.order.hold = Infinity;
  await start(second, { id: newId() });
  result = await end(second);
  check(!result.resumed && arrived(`t${count}`) === whole, 'two tabs do not send the same upload', JSON.stringify(result));
  server.order.release();
  check((await end(page)).state === 'done' && arrived(id) === whole, 'and the first goes on');
  await second.close();

  // In turn
  const most = await page.evaluate(async (ids) => {
    const all = ids.map((one) => globalThis.start({ id: one, name: `${one}.mp4` }));
    let busiest = 0;
    for (const one of all) one.addEventListener('change', () => { busiest = Math.max(busiest, all.filter((each) => ['starting', 'sending', 'retrying'].includes(each.state)).length); });
    const states = all.map((one) => one.state);
    await Promise.all(all);
    return { busiest, states };
  }, Array.from({ length: 5 }, newId));
  check(most.busiest === 2 && most.states.filter((one) => one === 'queued').length >= 3, 'two files are sent at a time, the others wait', JSON.stringify(most));
  const paused = await page.evaluate(async ([a, b, c]) => {
    const first = globalThis.start({ id: a, name: 'a.mp4' });
    await new Promise((resolve) => first.addEventListener('change', () => first.sent > 300_000 && resolve()));
    first.pause();
    await Promise.all([globalThis.start({ id: b, name: 'b.mp4' }), globalThis.start({ id: c, name: 'c.mp4' })]);
    const state = first.state;
    await first.resume();
    await first;
    return state;
  }, [newId(), newId(), newId()]);
  check(paused === 'paused', 'a paused upload leaves its place to others, and goes on when it is resumed');

  // Refused, cancelled
  result = await page.evaluate(async () => {
    const begin = async () => new Response(JSON.stringify({ code: 'too_many_open_uploads', detail: '83 of your uploads wait for their file.' }), { status: 429 });
    return globalThis.start({ begin }).result;
  });
  check(result.reason === 'not_begun' && result.problem.code === 'too_many_open_uploads' && /^83/.test(result.detail), 'a refusal keeps its own words', JSON.stringify(result));
  const keys = await page.evaluate(async (given) => {
    const seen = [];
    const begin = async (file, { idempotencyKey }) => {
      seen.push(idempotencyKey);
      if (seen.length < 3) throw new TypeError('Failed to fetch');
      return { upload: { protocol: 'put', url: `${given.base}/put/${given.id}`, headers: {} } };
    };
    const done = await globalThis.start({ begin });
    return { seen, done };
  }, { base: server.url, id: newId() });
  check(keys.seen.length === 3 && new Set(keys.seen).size === 1 && keys.done.video === null, 'a lost answer is asked for again with the same key', JSON.stringify(keys));
  const again = await page.evaluate(async (ids) => {
    const begin = async () => { const one = ids.shift(); return { video: { id: one }, upload: { protocol: 'put_content_range', url: `${one}`, headers: {} } }; };
    const one = globalThis.start({ begin, name: 'dead.mp4' });
    const { reason } = await one.result;
    one.retry();
    return { reason, ...await one };
  }, [`${server.url}/gone/x`, `${server.url}/range/${newId()}`]);
  check(again.reason === 'expired' && again.video.id.includes('/range/'), 'a dead address fails; a retry begins anew', JSON.stringify(again));
  server.order.hold = 2;
  const abort = await page.evaluateHandle((given) => { const control = new AbortController(); globalThis.start({ ...given, signal: control.signal }); return control; }, { id: newId() });
  await until(() => server.order.held, 'a piece is held');
  await abort.evaluate((control) => control.abort());
  result = await end(page);
  server.order.hold = Infinity;
  check(result.reason === 'cancelled' && result.state === 'cancelled' && await records(page) === 0, 'an abort cancels, and nothing stays stored', JSON.stringify(result));
  await start(page, { id: newId() });
  check((await end(page)).state === 'done', 'and leaves its place');

  // Storage that is full, or forbidden
  await page.evaluate(() => { Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }; });
  await start(page, { id: newId() });
  check((await end(page)).state === 'done', 'full storage is no error');
  await page.goto(new URL('/opaque', files.address).href);
  const frame = await until(async () => page.frames().find((one) => one.parentFrame()), 'the frame');
  const forbidden = await frame.evaluate(() => { try { return Boolean(localStorage); } catch { return 'forbidden'; } });
  check(forbidden === 'forbidden', 'a frame without an origin has no storage');
  await prepare(frame);
  await start(frame, { id: newId() });
  check((await end(frame)).state === 'done', 'forbidden storage is no error either');
  check(page.faults.length === 0, 'no fault of its own', page.faults.join('\n'));
});
server.close();
files.close();
