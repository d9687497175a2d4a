// Development mode: the link that the start prints, and the page without it.

import { accessible, check, run, until } from './browser.mjs';

const { URL: url, PAGE: address, TOKEN: anas } = process.env;
const token = new URL(address).hash.replace('#token=', '');
const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
check(new URL(address).hostname === 'localhost' && new URL(address).port === new URL(url).port, 'the link names localhost and the port', address);
check(claims.sub === 'dev' && !claims.scope, 'its token is of the user dev, without any scope');

await run(async (browser, open) => {
  // Without it
  const page = await open(url);
  await page.getByText('open the link that it printed in its terminal').waitFor();
  check(await page.getByText('yourbit-video token --link').isVisible(), 'opened without the link, the page says where it is');
  await accessible(page, 'the page without a token');

  // With it, in the tab that is open: only the fragment changes
  const kept = () => page.evaluate(() => sessionStorage.getItem('yourbit-video-token'));
  await page.evaluate((hash) => { location.hash = hash; }, new URL(address).hash);
  await page.getByText('No videos yet').waitFor();
  check(await kept() === token && page.url() === url, 'the token is kept for the tab and out of the address', page.url());
  await page.getByRole('button', { name: 'Use another token' }).click();
  await page.getByText('yourbit-video token --link').waitFor();
  check(await kept() === null, 'asking for another one takes it out of the tab');
  await accessible(page, 'the question for another token');
  await page.getByRole('button', { name: 'Go back without changing it' }).click();
  await page.getByText('No videos yet').waitFor();
  check(await kept() === token, 'and the way back has it again: the link is not easily had twice');
  await page.getByRole('button', { name: 'Use another token' }).click();

  // With it, in a new tab
  const asked = [];
  const other = await open('about:blank');
  other.on('request', (request) => asked.push(request.url()));
  await other.goto(address);
  await other.getByText('No videos yet').waitFor();
  check(other.url() === url, 'the link leaves the address', other.url());
  check(!asked.some((one) => new URL(one).pathname.includes(token) || new URL(one).search.includes(token)), 'no request has the token in its address');
  check(await other.evaluate(() => history.length <= 2 && localStorage.length === 0 && document.cookie === ''), 'it is in no history, no localStorage and no cookie');
  await other.goBack().catch(() => {});
  check(!other.url().includes('token='), 'nor behind the way back', other.url());
  await other.goto(url);
  await other.getByText('No videos yet').waitFor();
  check((await other.locator('.who').innerText()).includes('development'), 'a reload of the tab keeps it');

  // Pasted, and one of an earlier start
  await other.getByRole('button', { name: 'Use another token' }).click();
  await other.getByLabel('Token').fill(anas);
  await other.getByRole('button', { name: 'Continue' }).click();
  await until(async () => (await other.locator('.who').innerText()).includes('ana'), 'the pasted token');
  check(true, 'a token for another user can be pasted');
  const earlier = `${token.slice(0, token.lastIndexOf('.') + 1)}${'A'.repeat(43)}`;
  await other.evaluate((hash) => { location.hash = hash; }, `#token=${earlier}`);
  await other.getByText('It was perhaps started anew').waitFor();
  check(await other.evaluate(() => sessionStorage.length) === 0, 'a token of an earlier start is told and forgotten');
});
