// What each token is offered: the page asks the service what the token may do.

import { accessible, check, drop, picture, run, until } from './browser.mjs';

const { URL: url, CLIP, OWN, UPLOAD, READ, PLAY } = process.env;

await run(async (browser, open) => {
  const page = await open(url);
  const signIn = async (token) => {
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.locator('h1', { hasText: /^Videos$/ }).waitFor({ state: 'attached' });
  };
  const signOut = () => page.getByRole('button', { name: 'Sign out' }).click();
  const shown = (name) => page.getByRole('button', { name }).isVisible();

  // The owner: everything.
  await signIn(OWN);
  await drop(page, CLIP, 'Rights.mp4');
  await page.getByRole('button', { name: 'Upload', exact: true }).click();
  await page.locator('.pill[data-status="ready"]').first().waitFor({ timeout: 60_000 });
  const video = page.url();
  check(await shown('Rename') && await shown('Delete this video'), 'the owner may rename and delete');
  await page.goto(url);
  await page.locator('.card').first().waitFor();
  check(await shown('Delete Rights'), 'in the list too');
  await signOut();

  // A token that uploads: within its limits, and no more.
  await signIn(UPLOAD);
  await page.getByText('At most 100 bytes and 1:30 long').waitFor();
  await page.locator('.card').first().waitFor();
  check(!await shown('Delete Rights'), 'a token that uploads is offered no deletion');
  await drop(page, CLIP, 'Large.mp4');
  await page.getByText('is larger than the 100 bytes that are allowed').waitFor();
  await picture(page, 'rights-too-large');
  await accessible(page, 'a file that is too large');
  await page.getByRole('button', { name: 'Choose another file' }).click();
  await page.goto(video);
  await page.getByText('not with this token').waitFor();
  check(!await shown('Rename') && !await shown('Delete this video'), 'nor a change');
  await page.goto(url);
  await signOut();

  // A token that reads.
  await signIn(READ);
  await page.locator('table.videos tbody tr').first().waitFor();
  check(!await page.locator('.drop').isVisible() && !await page.locator('table.videos input').first().isVisible(), 'a token that reads is offered neither upload nor selection');
  check(await page.locator('td.owner').first().innerText() === 'ana', 'it sees whose each is');
  check(await page.locator('#list-heading', { hasText: /^Videos$/ }).isVisible(), 'a list of everybody’s videos is not called the reader’s');
  await picture(page, 'rights-reads');
  await accessible(page, 'a token that reads');
  await signOut();

  // A token that plays alone.
  await signIn(PLAY);
  await page.locator('#no-list').waitFor();
  check(!await page.locator('.drop').isVisible() && await page.locator('.problem').count() === 0, 'a token that plays is offered neither list nor upload, and sees no error');
  await until(async () => (await page.locator('.who').innerText()).includes('ana'), 'its name');
});
