// The Django application in a browser: login, upload, the event, the list, the player; another user; forged events.

import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { launch } from 'puppeteer-core';

const { APP, CLIP, EVENTS_SECRET, CHROMIUM = '/usr/bin/chromium' } = process.env;
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'];
/** Whatever takes longer has failed, on a slow machine too. */
const LONG = 120_000;

const browser = await launch({ executablePath: CHROMIUM, headless: true, args: FLAGS });
try {
  const ana = await signIn('ana');
  const id = await sendVideo(ana, 'Überfahrt <b>1</b>');
  await becomesReady(ana, id);
  await plays(ana, id);
  const ben = await signIn('ben');
  await isHidden(ben, id);
  await strangersAreRefused(id);
  await eventsAreVerified(ana, id);
} catch (error) {
  console.error(error);
  for (const page of await browser.pages()) console.error(page.url(), (await page.evaluate('document.body.innerText').catch(() => '')).slice(0, 500));
  process.exitCode = 1;
} finally {
  await browser.close();
}

/** A page of a browser of its own, where this user is signed in. */
async function signIn(user) {
  const page = await (await browser.createBrowserContext()).newPage();
  page.setDefaultTimeout(LONG);
  page.asked = [];
  page.on('request', (request) => page.asked.push(request));
  page.on('pageerror', (error) => { console.error(`${user}: ${error.message}`); process.exitCode = 1; });
  await page.goto(new URL('/', APP).href);
  assert.equal(new URL(page.url()).pathname, '/login', 'a stranger is asked to sign in');
  await page.type('[name=username]', user);
  await page.type('[name=password]', `${user}-password`);
  await Promise.all([page.waitForNavigation(), page.click('main button')]);
  assert.equal(await page.$eval('h1', (one) => one.textContent), 'Your videos');
  return page;
}

/** Fills the form, and gives the video's id from the list that comes then. */
async function sendVideo(page, title) {
  await page.goto(new URL('/new', APP).href);
  await page.type('[name=title]', title);
  await (await page.$('[name=file]')).uploadFile(CLIP);
  await Promise.all([page.waitForNavigation(), page.click('#form button')]);
  const shown = await page.$eval('li[data-id]', (one) => ({ id: one.dataset.id, text: one.textContent }));
  assert.ok(shown.text.includes(title), `the title is text: ${shown.text}`);
  const calls = page.asked.filter((one) => new URL(one.url()).pathname.startsWith('/v1/'));
  assert.deepEqual(calls.map((one) => one.url()), [], 'the page calls the application alone, never the API');
  const tokens = page.asked.filter((one) => one.headers().authorization);
  assert.equal(tokens.length, 0, 'no token reaches the browser');
  return shown.id;
}

/** Loads the list until the event has come. */
async function becomesReady(page, id) {
  const end = Date.now() + LONG;
  for (;;) {
    await page.goto(new URL('/', APP).href);
    const status = await page.$eval(`li[data-id="${id}"] .status`, (one) => one.textContent);
    if (status === 'ready') return;
    assert.ok(Date.now() < end && status !== 'errored', `not ready in time: ${status}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function plays(page, id) {
  await page.click(`li[data-id="${id}"] a`);
  await page.waitForSelector('#video');
  await page.$eval('#video', (video) => { video.muted = true; });
  await page.waitForFunction(() => {
    const video = document.getElementById('video');
    if (video.paused && video.readyState > 1) video.play();
    return video.currentTime > 0.3;
  });
  assert.equal(await page.$eval('#message', (one) => one.textContent), '');
}

async function isHidden(page, id) {
  assert.equal(await page.$(`li[data-id="${id}"]`), null, 'another user has an empty list');
  for (const path of [`/videos/${id}`, `/videos/${id}/playback`]) {
    const answer = await page.goto(new URL(path, APP).href);
    assert.equal(answer.status(), 404, path);
  }
}

async function strangersAreRefused(id) {
  for (const path of ['/', '/new', `/videos/${id}`, `/videos/${id}/playback`]) {
    const answer = await fetch(new URL(path, APP), { redirect: 'manual' });
    assert.equal(answer.status, 302, `${path} asks a stranger to sign in`);
  }
  const forged = await fetch(new URL('/uploads', APP), { method: 'POST', body: '{}' });
  assert.equal(forged.status, 403, 'no upload without the token of the form');
}

/** Events with a right signature are taken, all others refused, and none changes more than it may. */
async function eventsAreVerified(page, id) {
  const data = { id, owner: await ownerOf(page), title: 'Renamed', status: 'errored', version: 1 };
  const now = Math.floor(Date.now() / 1000);
  const post = ({ body = JSON.stringify({ type: 'video.errored', data }), at = now, secret = EVENTS_SECRET, signature }) => {
    const event = `msg_${randomUUID()}`;
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
    const right = `v1,${createHmac('sha256', key).update(`${event}.${at}.${body}`).digest('base64')}`;
    const headers = { 'webhook-id': event, 'webhook-timestamp': String(at), 'webhook-signature': signature ?? right };
    return fetch(new URL('/video-events', APP), { method: 'POST', headers, body }).then((answer) => answer.status);
  };
  const other = `whsec_${Buffer.from('another secret of 32 bytes or so').toString('base64')}`;
  const newer = JSON.stringify({ type: 'video.errored', data: { ...data, version: 1000 } });
  for (const [what, event] of Object.entries({
    'another secret': { secret: other, body: newer },
    'an old time': { at: now - 3600, body: newer },
    'no signature': { signature: '', body: newer },
    'a signature without form': { signature: 'garbage', body: newer },
  })) assert.equal(await post(event), 401, what);
  assert.equal(await statusOf(page, id), 'ready', 'refused events change nothing');
  assert.equal(await post({}), 204, 'a right signature');
  assert.equal(await statusOf(page, id), 'ready', 'an event with an old version changes nothing');
  assert.equal(await post({ body: newer }), 204);
  assert.equal(await statusOf(page, id), 'errored', 'a newer one does');
  assert.equal(await post({ body: JSON.stringify({ type: 'video.ready', data: { ...data, owner: 'somebody' } }) }), 204, 'an owner who is no user');
  assert.equal(await post({ body: JSON.stringify({ type: 'video.deleted', data }) }), 204);
  assert.equal(await statusOf(page, id), null, 'a deleted video leaves the list');
}

async function statusOf(page, id) {
  await page.goto(new URL('/', APP).href);
  return page.evaluate((id) => document.querySelector(`li[data-id="${id}"] .status`)?.textContent ?? null, id);
}

/** The user's number, as the form tells it to the upload client. */
async function ownerOf(page) {
  await page.goto(new URL('/new', APP).href);
  return page.evaluate(() => /owner: '(\d+)'/.exec(document.querySelector('script[type=module]').textContent)[1]);
}
