// The same page with other providers: tus and forms in place of PUT, other players' addresses, no storyboard.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { accessible, check, drop, picture, run, until } from './browser.mjs';
import { fakeProviders } from './fake_providers.mjs';

const { URL: url, PAGE: address, CLIP: clip, PADDED: padded, FAKE_PORT: port, FILES: files, SECRET: secret, PROVIDER: provider } = process.env;
const fake = await fakeProviders({ port: Number(port), files, service: url, secret });
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** A browser without native HLS: what most of them are. */
const withoutNativeHls = () => {
  const can = HTMLMediaElement.prototype.canPlayType;
  HTMLMediaElement.prototype.canPlayType = function canPlayType(type) {
    return /mpegurl/i.test(type) ? '' : can.call(this, type);
  };
};

await run(async (browser, open) => {
  const page = await open(address, { init: withoutNativeHls });
  await page.getByText('No videos yet').waitFor();
  await drop(page, padded, 'from elsewhere.mp4');
  await page.getByRole('radio', { name: /^Public/ }).check();
  fake.faults.cutNext = 2_000_000;
  await page.getByRole('button', { name: 'Upload', exact: true }).click();
  await page.waitForURL(/#\/videos\//);
  await page.locator('.stage[data-kind="ready"]').waitFor({ timeout: 60_000 });
  const [sent] = [...fake.videos.values()];
  check(fake.seen.cuts === 1, 'the connection was cut once');
  const whole = await readFile(padded);
  check(sent.received === whole.length && sha256(Buffer.concat(sent.parts)) === sha256(whole), `${provider} has received the file, byte for byte`);
  const pieces = fake.seen.requests.filter((one) => /^(PATCH|POST) \/(tus|upload)(\/|$)/.test(one)).length;
  check(pieces > 2, `in ${pieces} pieces`);
  await picture(page, `${provider}-1280-light`);

  // Play, by hls.js
  await page.getByRole('button', { name: /^Play/ }).click();
  const video = page.locator('video');
  await until(() => video.evaluate((one) => one.currentTime > 1), 'currentTime advances');
  check((await video.getAttribute('data-way')) === 'hls.js', 'where the browser has no HLS of its own, hls.js plays');
  await video.evaluate((one) => one.pause());

  // A poster without a storyboard
  if (provider === 'cloudflare_stream') {
    await page.getByText('Poster frame').click();
    await page.getByLabel('Second of the poster frame').fill('7');
    await until(async () => /time=7s/.test((await page.locator('img.frame').getAttribute('src')) ?? ''), 'the thumbnail of that second');
    check(true, 'without a storyboard the slider shows thumbnails');
    await accessible(page, 'the poster panel without a storyboard');
    await page.getByRole('button', { name: 'Save as poster' }).click();
    await page.getByRole('button', { name: 'Saved' }).waitFor();
    await until(async () => /time=7s/.test((await video.getAttribute('poster')) ?? ''), 'the new poster');
    check(true, 'the poster is the chosen frame');
  }

  // Signed addresses are renewed before they end
  let asked = 0;
  await page.route('**/playback', async (route) => {
    if (route.request().method() !== 'GET') return route.continue();
    const answer = await route.fetch();
    const body = await answer.json();
    asked += 1;
    if (asked === 1) body.refresh_after = new Date(Date.now() + 2500).toISOString();
    return route.fulfill({ response: answer, json: body });
  });
  await page.reload();
  await page.getByRole('button', { name: /^Play/ }).click();
  await until(() => asked === 2, 'the addresses are renewed');
  const at = await video.evaluate((one) => one.currentTime);
  await until(() => video.evaluate((one, from) => !one.paused && one.currentTime > Math.max(from, 3), at), 'it plays on');
  check(asked === 2, 'playback is renewed once `refresh_after` has come, and goes on where it was');
  await page.unroute('**/playback');

  // A file that the provider refuses for good
  await page.getByRole('link', { name: 'All videos' }).click();
  const uploads = (address) => address.port === port && /^\/(tus|upload)\b/.test(address.pathname);
  await page.route(uploads, (route) => (route.request().method() === 'OPTIONS' ? route.continue() : route.fulfill({ status: 404, headers: { 'Access-Control-Allow-Origin': '*' } })));
  await drop(page, clip, 'refused.mp4');
  await page.getByRole('radio', { name: /^Public/ }).check();
  await page.getByRole('button', { name: 'Upload', exact: true }).click();
  await page.getByText('The upload address is no longer valid').waitFor();
  await accessible(page, 'an upload that failed');
  await picture(page, `${provider}-failed-1280-light`);
  await page.unroute(uploads);
  const dead = page.url();
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.waitForURL((address) => address.href !== dead);
  await page.locator('.stage[data-kind="ready"]').waitFor({ timeout: 60_000 });
  check(true, 'a dead upload address is told in words; trying again begins anew');
});
fake.close();
