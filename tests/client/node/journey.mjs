// One page of another origin, unchanged, whatever provider is behind the service: the line is cut, the page is reloaded,
// the same file goes on; signed video plays with captions, and its token is renewed while it plays.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { application } from './application.mjs';
import { inBrowser, openPage } from './browsers.mjs';
import { check, until } from './checks.mjs';
import { fakeProviders } from './fake_providers.mjs';
import { wire } from './wire.mjs';

const { URL: service, TOKEN: token, BROWSER: name, CLIP: clip, FILES: files, FAKE_PORT, FAKE_WIRE, LOCAL_WIRE, SECRET: secret, PUBLIC_KEY: publicKey } = process.env;
const MB = 1_000_000;

const fake = await fakeProviders({ port: Number(FAKE_PORT), outer: `http://127.0.0.1:${FAKE_WIRE}`, files, service, secret, publicKey: await readFile(publicKey) });
const lines = {
  fake: await wire(Number(FAKE_WIRE), Number(FAKE_PORT)),
  local: await wire(Number(LOCAL_WIRE), Number(new URL(service).port)),
};
const app = await application({ service, token, elsewhere: 'http://127.0.0.1:*' });
const bytes = await readFile(clip);
const seen = (page) => page.evaluate(() => globalThis.seen);

async function choose(page) {
  await page.waitForFunction(() => globalThis.seen);
  await (await page.waitForSelector('input')).uploadFile(clip);
}

/** Chooses the file, cuts the line once, and reloads the page in the middle of the rest. */
async function sendHalf(page, line) {
  await page.goto(app.address);
  line.cutThenHold(7 * MB);
  await choose(page);
  await until(() => line.state.cuts === 1, 'the line is cut');
  await until(() => line.state.held === 1, 'the line is held');
  await page.reload();
  line.letGo();
}

async function goOn(page, line, provider) {
  Object.assign(line.state, { sent: 0, offsets: [] });
  await choose(page);
  await until(async () => {
    const { errors, ready } = await seen(page);
    if (errors.length > 0) throw new Error(errors.join('\n'));
    return ready;
  }, 'the video is ready').catch(async (error) => { throw new Error(`${error.message}\n${JSON.stringify(await seen(page))}`); });
  const { resumed } = await seen(page);
  const [from] = line.state.offsets;
  check(resumed && app.state.uploads === 1, `${provider}: after the reload the same file goes on in the same upload`);
  check(from > 5 * MB, `${provider}: at byte ${from} of ${bytes.length}`, JSON.stringify(line.state.offsets));
  const rest = bytes.length - from;
  check(line.state.sent < rest + MB, `${provider}: and sends no more than the ${rest} bytes of the rest (${line.state.sent})`);
}

async function plays(page, line, provider) {
  const video = await page.waitForSelector('video');
  const at = () => video.evaluate((one) => one.currentTime);
  await until(async () => await at() > 0.5, 'it plays');
  const { body } = app.state.playbacks[0];
  check(body.playback_policy === 'signed' && Date.parse(body.expires_at) > Date.now(), `${provider}: signed video plays`);
  if (provider !== 'local') await captions(page, provider);
  await until(async () => (await seen(page)).renewals === 1, 'the renewal');
  const { emptied } = await seen(page);
  // From now on the first token is worth nothing.
  if (provider !== 'local') fake.revoked.add(tokenOf(app.state.playbacks[0].body.urls.hls));
  const asked = line.state.paths.length;
  const renewed = tokenOf(app.state.playbacks[1].body.urls.hls);
  const from = await at();
  await until(() => line.state.paths.slice(asked).some((path) => path.includes(renewed) && /\.(m4s|ts)/.test(path)), 'a piece under the new token');
  await until(async () => await at() > from + 3, 'it plays on');
  const end = await seen(page);
  check(app.state.playbacks.map((one) => one.reason).join() === 'load,renewal', `${provider}: the token is renewed while it plays`, JSON.stringify(end));
  check(end.emptied === emptied && end.errors.length === 0, `${provider}: without an interruption`, JSON.stringify(end));
  if (provider !== 'local') {
    const text = await video.evaluate((one) => [...one.textTracks].map((track) => [track.label, track.mode]).join());
    check(text.includes('English,showing'), `${provider}: the captions that were chosen stay`, text);
  }
}

/** What differs from one answer to the next. */
const tokenOf = (hls) => /[?&]token=([^&]+)|\/token\/(\w+)\/|\/cloudflare\/([^/]+)\//.exec(hls).slice(1).find(Boolean);

async function captions(page, provider) {
  const video = await page.waitForSelector('video');
  await until(() => video.evaluate((one) => [...one.textTracks].some((track) => track.label === 'English')), 'the captions of the playlist');
  await video.evaluate((one) => { [...one.textTracks].find((track) => track.label === 'English').mode = 'showing'; });
  const cue = await until(() => video.evaluate((one) => [...one.textTracks].find((track) => track.label === 'English').activeCues?.[0]?.text), 'a caption');
  check(/^caption /.test(cue), `${provider}: with the captions of its playlist: "${cue}"`);
  const audio = await page.evaluate(() => globalThis.player.audioTracks.map((track) => track.label).join());
  check(audio === 'English,Deutsch', `${provider}: and both of its audio tracks`, audio);
}

await inBrowser(name, async (browser) => {
  for (const provider of ['mux', 'cloudflare_stream', 'api_video', 'local']) {
    const line = provider === 'local' ? lines.local : lines.fake;
    Object.assign(app.state, { provider, playbacks: [], uploads: 0 });
    Object.assign(line.state, { sent: 0, cuts: 0, held: 0, offsets: [], paths: [] });
    const page = await openPage(browser);
    await sendHalf(page, line);
    await goOn(page, line, provider);
    if (provider !== 'local') {
      const [one] = [...fake.videos.values()].slice(-1);
      const sum = (data) => createHash('sha256').update(data).digest('hex');
      check(sum(Buffer.concat(one.parts)) === sum(bytes), `${provider}: has the file, byte for byte`);
    }
    await plays(page, line, provider);
    check(page.faults.length === 0, `${provider}: under the page's own policy`, page.faults.join('\n'));
    await page.close();
  }
});
for (const one of [fake, app, ...Object.values(lines)]) one.close();
