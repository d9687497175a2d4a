// An upload whose line breaks and whose page is reloaded goes on where it stopped, in both browsers.

import { stat } from 'node:fs/promises';
import { accessible, both, fits, picture, press, reads, visible } from './both.mjs';
import { until } from './checks.mjs';
import { wire } from './cut.mjs';
import { caller, tokenOf } from './tokens.mjs';

const { URL: url, LARGE: large, WIRE_PORT: port } = process.env;
const { size } = await stat(large);
const line = await wire(Number(port), Number(new URL(url).port));

await both(async ({ name, open, claim }) => {
  const me = `reload-${name}`;
  const page = await open(url, { token: tokenOf(me) });
  page.on('dialog', (dialog) => dialog.accept());
  const before = line.state.sent;
  await choose(page);
  line.cutAfter(size / 2, Number.POSITIVE_INFINITY);
  await press(page, 'button', 'Upload');
  await reads(page, 'trying again');
  claim(true, 'a line that breaks is told');
  await page.reload();
  await page.evaluate(() => { location.hash = '#/'; });
  await choose(page);
  await reads(page, 'It goes on where it stopped');
  claim(await page.$eval('.staging input[type="text"]', (one) => one.disabled), 'after a reload the same file is known');
  await page.setViewport({ width: 360, height: 900 });
  await fits(page, 'an upload to go on with', claim);
  await accessible(page, 'an upload to go on with', claim);
  await picture(page, `resume-360-${name}`);
  line.open();
  await press(page, 'button', 'Upload');
  await visible(page, '.stage[data-kind="ready"]').catch(() => {});
  const list = caller(tokenOf(me));
  const [video, ...others] = await until(async () => {
    const { data } = await list('GET', '/v1/videos');
    return data[0]?.status === 'ready' && data;
  }, 'the video is ready', 120_000);
  claim(others.length === 0 && video.title, 'it is the same video that becomes ready');
  const sent = line.state.sent - before;
  claim(sent < size * 1.4, `and what had arrived is not sent again: ${sent} bytes of a file of ${size}`);
});
line.close();

async function choose(page) {
  const input = await until(() => page.$('#file'), 'the place for files');
  await input.uploadFile(large);
  await visible(page, '.staging');
}
