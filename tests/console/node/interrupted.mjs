// What can come in between: no token, a refused one, a connection that breaks, a pause, a change of mind, no service.

import { stat } from 'node:fs/promises';
import { accessible, check, picture, run, throttle, until } from './browser.mjs';
import { wire } from './cut.mjs';

const { URL: url, PAGE: address, TOKEN: token, CLIP: clip, LARGE: large, WIRE_PORT: port } = process.env;
const size = (await stat(large)).size;
const line = await wire(Number(port), Number(new URL(url).port));

await run(async (browser, open) => {
  const page = await open(address);

  // Whose videos?
  await page.getByRole('heading', { name: 'Whose videos?' }).waitFor();
  check(await page.getByText('--link').count() === 0, 'outside development mode no link is spoken of');
  await page.goto(`${url}#token=${token}`);
  await page.reload();
  await page.getByRole('heading', { name: 'Whose videos?' }).waitFor();
  check(page.url() === url && await page.evaluate(() => sessionStorage.length) === 0, 'and no link signs in: it could be of somebody else', page.url());
  await accessible(page, 'the question for a token');
  await picture(page, 'sign-in-1280-light');
  await page.getByLabel('Token').fill('not a token');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByText('That is no token').waitFor();
  await page.getByLabel('Token').fill(`${token.slice(0, -4)}AAAA`);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByText('The service does not accept this token').waitFor();
  check(true, 'a token that is refused is told in words');
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByText('No videos yet').waitFor();
  check(await page.evaluate(() => localStorage.length === 0 && document.cookie === ''), 'the token is kept neither in localStorage nor in a cookie');
  await page.reload();
  await page.getByText('No videos yet').waitFor();
  check(true, 'a reload of the tab keeps the token');

  // A connection that breaks
  const brake = await throttle(page, 10_000_000);
  await begin(page, large);
  await page.locator('.progress[data-state="sending"]').waitFor();
  line.cutAfter(12_000_000, 3000);
  await page.locator('.progress[data-state="retrying"]').getByText('trying again').waitFor();
  check(true, 'a broken connection is told, and tried again');
  await picture(page, 'retrying-1280-light');
  await page.locator('.progress[data-state="sending"]').waitFor();
  check(line.state.probes > 0, 'the offset is asked for after the cut');

  // A pause
  await until(() => page.locator('progress').evaluate((one) => one.value > 0.5), 'the upload goes on');
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.locator('.progress[data-state="paused"]').waitFor();
  check(await page.getByRole('button', { name: 'Resume' }).evaluate((one) => one === document.activeElement), 'focus stays on the button');
  const held = line.state.sent;
  await picture(page, 'paused-1280-light');
  await accessible(page, 'a paused upload');
  await page.waitForTimeout(700);
  check(line.state.sent === held, 'nothing is sent during a pause');
  await page.getByRole('link', { name: 'All videos' }).click();
  await page.getByRole('button', { name: 'Resume' }).click();
  check(true, 'an upload goes on while another page of the console is shown');
  await brake.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
  const card = page.locator('.card[data-status="ready"]', { hasText: 'large' });
  await card.waitFor({ timeout: 120_000 });
  check(line.state.cuts === 1 && line.state.sent < size * 1.25, `the upload resumes: ${line.state.sent} bytes sent of a file of ${size}`);

  // A change of mind
  await throttle(page, 4_000_000);
  await begin(page, large);
  await page.locator('.progress[data-state="sending"]').waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.locator('.stage[data-kind="cancelled"]').waitFor();
  const id = page.url().split('/').pop();
  const answer = await fetch(`${url}v1/videos/${id}`, { headers: { Authorization: `Bearer ${token}` } });
  check((await answer.json()).status === 'cancelled', 'a cancelled upload is cancelled at the service');
  await accessible(page, 'a cancelled upload');
  await picture(page, 'cancelled-1280-light');

  // No event stream
  await throttle(page, 0);
  await page.route('**/events**', (route) => route.abort());
  await begin(page, clip);
  await page.locator('.stage[data-kind="ready"]').waitFor({ timeout: 60_000 });
  check(true, 'where the event stream does not come through, the page asks instead');
  await page.unroute('**/events**');

  // No service
  await page.route('**/v1/videos?**', (route) => route.abort());
  await page.getByRole('link', { name: 'All videos' }).click();
  await page.getByText('The service does not answer').waitFor();
  await accessible(page, 'a problem');
  await picture(page, 'problem-1280-light');
  await page.unroute('**/v1/videos?**');
  await page.getByRole('button', { name: 'Try again' }).click();
  await card.waitFor();
  check(true, 'a failed request is told in words and can be tried again');

  // A token that ends meanwhile
  await page.route('**/v1/videos?**', (route) => route.fulfill({ status: 401, json: { code: 'unauthenticated', detail: 'The token has expired.' } }));
  await page.getByRole('group', { name: 'Status' }).getByRole('button', { name: 'Ready' }).click();
  await page.getByRole('heading', { name: 'Whose videos?' }).waitFor();
  await page.unroute('**/v1/videos?**');
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Continue' }).click();
  await card.waitFor();
  check(true, 'a token that is refused later leads to the question, and a fresh one back');
});
line.close();

/** Chooses a file, as a hand would, and begins. */
async function begin(page, path) {
  await page.goto(`${url}#/`);
  const chosen = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Choose files' }).click();
  await (await chosen).setFiles(path);
  await page.getByRole('button', { name: 'Upload', exact: true }).click();
  await page.waitForURL(/#\/videos\//);
}
