// The list of videos, in both browsers: an owner with videos of every form, and an admin with two hundred.

import { copyFile, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accessible, both, fits, focused, picture, press, reads, scheme, visible } from './both.mjs';
import { until } from './checks.mjs';
import { caller, tokenOf } from './tokens.mjs';

const { URL: url, TALL, FOUR, SOUND } = process.env;
const WIDTHS = [360, 768, 1280, 1920];
const LONG = 'a-very-long-name-without-a-single-space-in-it-as-cameras-and-programs-like-to-give-them-'.repeat(2);
const TITLES = [`${LONG}1`, `${LONG}2`, 'מבחן וידאו'];
const MANY = 200;
const admin = tokenOf('ops', { scope: 'video:admin' });
const asAdmin = caller(admin);

/** Rows of a browser: most are cancelled, a few wait for their file. */
async function seed(name) {
  const owners = [`bob-${name}`, `eve-${name}`];
  const makes = owners.map((owner) => caller(tokenOf(owner)));
  const one = async (at) => {
    const { video } = await makes[at % 2]('POST', '/v1/uploads', { title: `${name} clip ${at}` });
    if (at % 20 > 1) await asAdmin('POST', `/v1/videos/${video.id}/cancel`);
  };
  for (let at = 0; at < MANY; at += 10) await Promise.all(Array.from({ length: 10 }, (_, more) => one(at + more)));
  return owners;
}

const rows = (page) => page.$$eval('#videos > *', (all) => all.length);
const chip = (page, name) => page.locator(`.chips [data-status="${name}"]`).click();
const hash = (page) => page.evaluate(() => decodeURIComponent(location.hash));

await both(async ({ name, open, claim }) => {
  await owner({ name, open, claim });
  const owners = await seed(name);
  await operator({ name, open, claim, owners });
});

async function owner({ name, open, claim }) {
  const me = `ana-${name}`;
  const call = caller(tokenOf(me));
  const page = await open(url, { token: tokenOf(me) });
  await page.evaluate(() => {
    const real = globalThis.fetch;
    globalThis.bodies = [];
    globalThis.fetch = (address, options) => {
      globalThis.bodies.push(`${address} ${options?.body ?? ''}`);
      return real(address, options);
    };
  });
  await reads(page, 'No videos yet');
  await sizes(page, `videos-empty-${name}`, 'an empty list', claim);

  // Several files with long names
  await stage(page, await longNames([TALL, FOUR, SOUND]));
  await sizes(page, `videos-staging-${name}`, 'chosen files', claim);
  const inputs = await page.$$('.staging input[type="text"]');
  claim(inputs.length === 3, 'several files are taken at once');
  for (const [at, input] of inputs.entries()) await input.evaluate((one, title) => { one.value = title; }, TITLES[at]);
  await press(page, 'button', 'Upload 3 videos');
  await until(async () => (await page.$$('#videos > [data-status="ready"]')).length === 3, 'three videos are ready', 120_000);
  claim((await page.$$('.upload-card')).length === 0, 'three files that were chosen together are uploaded and ready');
  const all = (await call('GET', '/v1/videos')).data;
  claim(TITLES.every((title) => all.some((video) => video.title === title)), 'under their titles');

  // A sound has no picture
  const sound = all.find((video) => video.title === TITLES[2]);
  await until(() => page.$$eval('.thumb.pictured', (found) => found.length === 2), 'the pictures of the other two');
  const icon = await page.$eval(`#videos a[href="#/videos/${sound.id}"]`, (link) => [...link.querySelectorAll('img')].every((one) => one.hidden) && link.querySelector('.icon-sound') !== null);
  const asked = await page.evaluate(() => globalThis.bodies.filter((one) => one.includes('playback') || one.includes('thumbnails')));
  claim(asked.length > 0, 'pictures are asked for');
  claim(icon && !asked.some((body) => body.includes(sound.id)), 'a sound has an icon, and no picture is asked for', asked.join('\n'));
  claim(await page.$eval(`#videos a[href="#/videos/${sound.id}"] [dir="auto"]`, (one) => getComputedStyle(one).direction === 'rtl'), 'a title from right to left is shown so');
  await sizes(page, `videos-grid-${name}`, 'the grid', claim);

  await keyboard(page, claim);
  await twoTabs(page, call, all[0], claim);
}

/** Copies of files, under names as long as a file system takes. */
async function longNames(paths) {
  const folder = await mkdtemp(join(tmpdir(), 'long-names-'));
  const named = paths.map((path, at) => join(folder, `${LONG}${at}-and-on-and-on-to-the-end.${path.split('.').pop()}`));
  await Promise.all(paths.map((path, at) => copyFile(path, named[at])));
  return named;
}

/** Chooses files, as the dialog of the browser would. */
async function stage(page, paths) {
  const input = await page.$('#file');
  await input.uploadFile(...paths);
  await visible(page, '.staging');
}

/** Skip link, opening, coming back: no mouse. */
async function keyboard(page, claim) {
  await page.setViewport({ width: 1280, height: 900 });
  await page.goto(url);
  await page.reload();
  await until(async () => await rows(page) === 3, 'the list');
  const before = await hash(page);
  await page.keyboard.press('Tab');
  claim(await focused(page) === 'Skip to the content', 'the first stop of the keyboard is the skip link');
  await page.keyboard.press('Enter');
  claim(await page.evaluate(() => document.activeElement.id) === 'main' && await hash(page) === before, 'which leads to the content, and to no other page');
  const link = '#videos > :nth-child(2) a';
  for (let at = 0; at < 40 && !await page.$eval(link, (one) => one === document.activeElement); at += 1) await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await visible(page, '.stage, .watch');
  claim(await page.evaluate(() => document.activeElement.tagName) === 'H1', 'an opened video has the focus at its heading');
  await page.evaluate(() => history.back());
  await until(() => page.$eval(link, (one) => one === document.activeElement).catch(() => false), 'the focus is back on the link');
  claim(true, 'and coming back has it where it was');
}

/** What one tab does the other shows. */
async function twoTabs(page, call, video, claim) {
  const other = await page.browserContext().newPage();
  await other.setViewport({ width: 1280, height: 900 });
  await other.goto(url);
  await other.evaluate((token) => sessionStorage.setItem('yourbit-video-token', token), await page.evaluate(() => sessionStorage.getItem('yourbit-video-token')));
  await other.reload();
  await until(async () => await rows(other) === 3, 'the other tab');
  await page.bringToFront();
  await call('PATCH', `/v1/videos/${video.id}`, { title: '<b>Changed</b> elsewhere' });
  await page.locator(`#videos a[href="#/videos/${video.id}"]`).click();
  await visible(page, '.title-line');
  await page.evaluate(() => history.back());
  await reads(page, '<b>Changed</b> elsewhere');
  claim(true, 'what is changed elsewhere shows after coming back, and a title is text whatever it looks like');
  const { video: fresh } = await call('POST', '/v1/uploads', { title: 'From elsewhere' });
  await until(() => page.$eval('#videos > :first-child', (one) => one.textContent.includes('From elsewhere')), 'the new one');
  await call('POST', `/v1/videos/${fresh.id}/cancel`);
  await until(() => page.$eval('#videos > :first-child', (one) => one.dataset.status === 'cancelled'), 'its end');
  claim(true, 'what is begun and cancelled elsewhere shows by itself, in its place');
  await press(page, 'button', 'Delete <b>Changed</b> elsewhere');
  await visible(page, 'dialog');
  await accessible(page, 'the question before a deletion', claim);
  await press(page, 'button', 'Delete');
  await other.bringToFront();
  await until(() => other.$eval('#videos', (one) => one.children.length === 3 && one.textContent.includes('From elsewhere') && !one.textContent.includes('<b>')), 'the other tab has heard of it');
  claim(true, 'what is deleted in one tab leaves the list of the other');
  await other.close();
  await page.bringToFront();
}

async function operator({ name, open, claim, owners }) {
  const page = await open(url, { token: admin });
  await until(async () => await rows(page) === 24, 'the first page');
  claim(await page.$('table.videos') !== null && (await page.$$eval('td.owner', (all) => all.every((one) => one.textContent !== ''))), 'an admin sees a table, with the owner of each');

  // Filters stand in the address
  await page.type('#search', `${name} clip`);
  await until(async () => (await hash(page)).includes(`q=${name}+clip`), 'the search in the address');
  await chip(page, 'waiting');
  await until(async () => await rows(page) === 20, 'those that wait');
  claim((await hash(page)).includes('status=waiting'), 'search and status stand in the address');
  await page.reload();
  await until(async () => await rows(page) === 20, 'the same after a reload');
  claim(await page.$eval('#search', (one) => one.value) === `${name} clip`, 'a reload keeps them');
  await page.locator('.chips [data-status="waiting"]').click();

  // Page by page
  await until(async () => await rows(page) === 24, 'all again');
  for (let before = 24; before < MANY;) {
    await press(page, 'button', 'Show older videos');
    before = await until(async () => { const now = await rows(page); return now > before && now; }, 'the next page');
  }
  claim(await rows(page) === MANY && await page.$eval('.more button', (one) => one.hidden), 'page by page, to the last of two hundred');
  await comeBack(page, claim);
  await sizes(page, `videos-table-${name}`, 'a table of two hundred', claim);
  await page.setViewport({ width: 1280, height: 900 });
  await together(page, { name, claim, owners });
  await single(page, { claim, owners });
}

/** One owner's videos, as a grid; one of them copied and asked about. */
async function single(page, { claim, owners }) {
  await page.evaluate((owner) => { location.hash = `#/?owner=${owner}`; }, owners[0]);
  await until(() => page.$$eval('td.owner', (all, owner) => all.length > 1 && all.every((one) => one.textContent === owner), owners[0]), 'one owner alone');
  claim(await page.$eval('.chips [data-status="cancelled"] .count', (one) => Number(one.textContent)) > 80, 'an address shows the videos of one owner, and how many there are by status');
  await press(page, 'button', 'Grid');
  await page.reload();
  await visible(page, '#videos .card');
  claim(await page.$$eval('.card-owner', (all, owner) => all.every((one) => one.textContent === owner), owners[0]), 'the grid is kept for the next time, and shows the owner too');
  const id = await page.$eval('#videos a', (one) => one.getAttribute('href').split('/').pop());
  await page.locator('#videos .copy-button').click();
  await visible(page, '#videos .copy-button .icon-check');
  claim(await page.$eval('#announcer', (one) => one.textContent) === 'Copied.', `an id is copied: ${id}`);
  await page.locator('#videos .danger-text').click();
  await visible(page, 'dialog');
  claim((await page.$eval('dialog', (one) => one.textContent)).includes(owners[0]), 'the question before a deletion names the owner');
  await page.keyboard.press('Escape');
  await until(async () => !await page.$('dialog'), 'the question is gone');
  claim(await page.evaluate(() => document.activeElement.matches('.danger-text')), 'after a no the focus is back on the button');
}

/** A video is opened far down, and left again. */
async function comeBack(page, claim) {
  await page.setViewport({ width: 1280, height: 900 });
  const link = '#videos > :nth-child(150) a';
  await page.$eval(link, (one) => one.scrollIntoView({ block: 'center' }));
  const place = await page.evaluate(() => scrollY);
  const address = await hash(page);
  await page.locator(link).click();
  await visible(page, '.title-line');
  await page.locator('a.back').click();
  await visible(page, '#videos');
  await until(async () => Math.abs(await page.evaluate(() => scrollY) - place) < 2, 'the place');
  claim(await rows(page) === MANY && await hash(page) === address, 'coming back shows the pages that were loaded, the filters and the place');
  claim(await page.$eval(link, (one) => one === document.activeElement), 'and the focus is on the video that was opened');
}

/** Many at once: the number and the owners first, then what failed, one by one. */
async function together(page, { name, claim, owners }) {
  await page.$eval('#search', (one) => { one.value = ''; });
  await page.type('#search', `${name} clip 1`);
  await until(async () => (await hash(page)).endsWith('clip+1'), 'the narrower search');
  await chip(page, 'waiting');
  const found = 11;
  await until(async () => await rows(page) === found, 'clips to select');
  await page.locator('thead input[type="checkbox"]').click();
  await reads(page, `${found} selected`);
  await accessible(page, 'a selection', claim);
  await fits(page, 'a selection', claim);
  await page.evaluate(() => {
    const real = globalThis.fetch;
    let times = 0;
    globalThis.fetch = (address, options) => {
      if (options?.method !== 'POST' || !String(address).endsWith('/cancel') || ++times > 1) return real(address, options);
      return Promise.resolve(new Response(JSON.stringify({ code: 'no_room', detail: 'There is no room for this.' }), { status: 507 }));
    };
  });
  await press(page, 'button', 'Cancel uploads');
  await visible(page, 'dialog');
  const question = await page.$eval('dialog', (one) => one.textContent);
  claim(question.includes(`Cancel ${found} uploads?`) && owners.every((owner) => question.includes(owner)), 'the question tells the number and the owners', question);
  await accessible(page, 'a question about many', claim);
  await scheme(page, 'dark');
  await picture(page, `videos-bulk-${name}`);
  await scheme(page, 'light');
  await press(page, 'button', 'Cancel the uploads');
  await reads(page, 'There is no room for this.');
  await until(async () => await rows(page) === 1, 'the others leave the list of those that wait');
  claim(await page.$eval('.selected-count', (one) => one.textContent) === '1 selected', 'what failed is told with its reason, and stays selected');
  await accessible(page, 'what failed', claim);
}

/** At every width; light where the window is wide, dark where it is narrow. */
async function sizes(page, shot, what, claim) {
  for (const width of WIDTHS) {
    await page.setViewport({ width, height: 900 });
    await fits(page, `${what}, ${width} px`, claim);
    const wanted = { 360: 'dark', 1280: 'light' }[width];
    if (!wanted) continue;
    const colours = await scheme(page, wanted);
    await accessible(page, `${what}, ${width} px, ${colours}`, claim);
    await picture(page, `${shot}-${width}-${colours}`);
  }
  await scheme(page, 'light');
}
