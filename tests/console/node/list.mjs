// A list longer than a page, changed from elsewhere while it is shown; several files at once.

import { check, picture, run, until } from './browser.mjs';

const { URL: url, PAGE: address, CLIP: clip } = process.env;

await run(async (browser, open) => {
  const page = await open(address);
  await page.getByText('No videos yet').waitFor();
  const token = new URL(address).hash.replace('#token=', '');
  const call = async (method, path, body) => {
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
    const answer = await fetch(new URL(path, url), { method, headers, body: body && JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const made = [];
  for (let at = 1; at <= 30; at += 1) made.push((await call('POST', '/v1/uploads', { title: `Clip ${at}` })).video);

  // Pages
  await page.reload();
  const cards = page.locator('.card');
  await until(async () => (await cards.count()) === 24, 'the first page');
  const more = page.getByRole('button', { name: 'Show older videos' });
  await more.focus();
  await page.keyboard.press('Enter');
  await until(async () => (await cards.count()) === 30, 'the second page');
  const titles = await cards.locator('.card-title').allInnerTexts();
  check(titles.join() === made.map((video) => video.title).reverse().join(), 'newest first, each once, page by page');
  check(await more.isHidden(), 'and no further page is promised');
  check(await cards.nth(24).getByRole('link').evaluate((one) => one === document.activeElement), 'focus goes on to the first that came');

  // From elsewhere
  await call('POST', `/v1/videos/${made[3].id}/cancel`);
  await cards.filter({ hasText: /^Clip 4C/ }).locator('.pill', { hasText: 'Cancelled' }).waitFor();
  check(true, 'a cancel from elsewhere shows by itself');
  await call('POST', '/v1/uploads', { title: 'From elsewhere' });
  await until(async () => (await cards.first().innerText()).includes('From elsewhere'), 'the new one');
  check(true, 'a new video from elsewhere comes first by itself');
  await page.getByLabel('Show').selectOption('cancelled');
  await until(async () => (await cards.count()) === 1, 'the filter');
  check(true, 'the filter shows the cancelled one alone');
  await page.getByLabel('Show').selectOption('');

  // Several files
  const chosen = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Choose a file' }).click();
  const files = ['one', 'two', 'three'].map((name) => ({ name: `${name}.mp4`, mimeType: 'video/mp4', buffer: null }));
  const { readFile } = await import('node:fs/promises');
  const buffer = await readFile(clip);
  await (await chosen).setFiles(files.map((file) => ({ ...file, buffer })));
  await picture(page, 'several-1280-light');
  await page.getByRole('button', { name: 'Upload 3 videos' }).click();
  for (const name of ['one', 'two', 'three']) {
    await page.locator('.card[data-status="ready"]', { hasText: name }).waitFor({ timeout: 120_000 });
  }
  check((await page.locator('.upload-card').count()) === 0, 'three files that were chosen together are uploaded and ready');

  // A title
  await page.getByRole('link', { name: 'three' }).click();
  await page.getByRole('button', { name: 'Rename' }).click();
  await page.getByRole('textbox', { name: 'Title' }).fill('<b>Drei</b> & “vier”');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: '<b>Drei</b> & “vier”' }).waitFor();
  check(true, 'a video is renamed, and a title is text whatever it looks like');
});
