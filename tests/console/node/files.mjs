// The files of a video, and another file in its place, by the page alone: asked for, saved, deleted; replaced, and given up.

import { accessible, both, reads, visible } from './both.mjs';
import { until } from './checks.mjs';
import { enter, OWNER, show, sizes, text } from './operate_page.mjs';
import { startEndpoint, uploadForms } from './operate_seed.mjs';
import { caller, tokenOf } from './tokens.mjs';

const { URL: url } = process.env;
const owner = caller(tokenOf(OWNER));

const endEndpoint = await startEndpoint();
try {
  await both(async (browser) => {
    const ids = await uploadForms(OWNER, ['four']);
    await files(browser, ids.four);
    await replacement(browser, ids.four);
  });
} finally {
  await endEndpoint();
}

async function files({ name, open, claim }, id) {
  const page = await open(url, { token: tokenOf(OWNER) });
  await show(page, `#/videos/${id}`, '#files-panel');
  await page.focus('#files-panel > summary');
  await page.keyboard.press('Enter');
  await enter(page, 'Make this file');
  // Null while the panel is drawn anew.
  const state = () => text(page, '#files-panel .pill').catch(() => null);
  await until(async () => (await state()) !== null, 'the file is listed as soon as it is asked for');
  await until(async () => (await state()) === 'Ready', 'and shows that it is ready without a reload', 120_000);
  claim((await page.$('#files-panel select')) === null, 'what is there is not offered again');
  await sizes(page, `files-${name}`, 'the files of a video', claim);
  const asked = [];
  page.on('request', (request) => request.url().includes('/playback?download=') && asked.push(request.url()));
  await enter(page, 'Save: Best quality');
  await until(() => asked.length > 0, 'an address that saves is asked for');
  claim(/download=[A-Za-z0-9_-]+-highest$/.test(asked[0]), 'under a name that every provider takes', asked[0]);
  await enter(page, 'Delete the file: Best quality');
  await visible(page, 'dialog[open]');
  await accessible(page, 'the question before a file is deleted', claim);
  await enter(page, 'Delete the file');
  await until(async () => (await owner('GET', `/v1/videos/${id}`)).renditions.length === 0, 'the file is deleted');
  await visible(page, '#files-panel select');
  claim(true, 'a deleted file can be asked for again');
}

async function replacement({ name, open, claim }, id) {
  const before = await owner('GET', `/v1/videos/${id}`);
  const page = await open(url, { token: tokenOf(OWNER) });
  await show(page, `#/videos/${id}`, '#replacement-panel');
  await page.focus('#replacement-panel > summary');
  await page.keyboard.press('Enter');
  claim((await page.$('#replacement-panel input[type="url"]')) === null, 'no address is asked for where the service fetches none');
  claim(!(await text(page, '#replacement-panel')).includes('Move the video'), 'an owner is offered no move');
  await sizes(page, `replacement-${name}`, 'the replacement of a video', claim);
  const input = await page.$('#replacement-file');
  await input.uploadFile(process.env.TALL);
  await enter(page, 'Upload it');
  await until(async () => (await owner('GET', `/v1/videos/${id}`)).asset_id !== before.asset_id, 'the new file takes the place', 120_000);
  await reads(page, '9:16');
  const after = await owner('GET', `/v1/videos/${id}`);
  claim(after.title === before.title && after.replacement === null && after.aspect_ratio === '9:16', 'id and title stay', JSON.stringify(after));

  await until(() => page.$('#replacement-file'), 'another one may follow');
  const { upload } = await owner('POST', '/v1/uploads', { replaces: id, file_size: 1000 });
  claim(Boolean(upload.url), 'somebody else begins a replacement');
  await page.reload();
  await visible(page, '#give-up');
  await enter(page, 'Give it up');
  await until(async () => (await owner('GET', `/v1/videos/${id}`)).replacement === null, 'it is given up');
  claim((await owner('GET', `/v1/videos/${id}`)).asset_id === after.asset_id, 'and the file stays');
}
