// From an empty database to a video that plays, and to its end: by the page alone, with the built-in provider.

import { accessible, check, drop, picture, run, throttle, until } from './browser.mjs';

const { PAGE: address, CLIP: clip } = process.env;
/** The colour in the middle of the picture, second by second. */
const COLOURS = JSON.parse(process.env.COLOURS);

await run(async (browser, open) => {
  const page = await open(address);
  let loads = 0;
  page.on('load', () => { loads += 1; });
  const asked = [];
  page.on('request', (request) => asked.push(`${request.method()} ${new URL(request.url()).pathname.replace(/[0-9a-f-]{36}/, 'ID')}`));
  const count = (what) => asked.filter((one) => one === what).length;
  await page.getByText('No videos yet').waitFor();
  check(await page.locator('.who').innerText().then((text) => text.includes('dev')), 'in development mode the link of the start signs in');
  await accessible(page, 'the empty page');
  await picture(page, 'empty-1280-light');

  // Upload
  await drop(page, clip, 'my_first-clip.mp4');
  check((await page.getByLabel('Title').inputValue()) === 'my first clip', 'the title is proposed from the file name');
  await page.getByLabel('Title').fill('A test picture');
  await page.getByRole('radio', { name: /^Signed/ }).check();
  await accessible(page, 'a chosen file');
  await picture(page, 'chosen-1280-light');
  const brake = await throttle(page, 700_000);
  await page.getByRole('button', { name: 'Upload', exact: true }).click();
  await page.waitForURL(/#\/videos\//);
  const bar = page.locator('progress');
  const seen = new Set();
  await until(async () => {
    const value = await bar.evaluate((one) => one.value, null, { timeout: 500 }).catch(() => null);
    if (value > 0 && value < 1) seen.add(value);
    if (seen.size === 3) {
      await picture(page, 'uploading-1280-light');
      await accessible(page, 'an upload under way');
    }
    return seen.size > 3;
  }, 'the progress bar moves');
  check(true, `the progress bar moves (${[...seen].map((value) => value.toFixed(2)).join(', ')})`);
  check(/MB\/s|KB\/s/.test(await page.locator('.facts').innerText()), 'speed is shown');
  await brake.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });

  // Ready, by itself
  await page.locator('.stage[data-kind="preparing"]').waitFor();
  await picture(page, 'preparing-1280-light');
  await page.locator('.stage[data-kind="ready"]').waitFor({ timeout: 120_000 });
  check(loads === 0, 'the status goes to ready without a reload');
  await page.waitForTimeout(1500);
  check(count('GET /v1/videos/ID/events') === 1 && count('GET /v1/videos/ID') === 1, 'by one event stream, without asking again and again', asked.join('\n'));
  await until(() => page.locator('.poster img').evaluate((one) => one.complete && one.naturalWidth > 0), 'the poster loads');
  check(/\/console|sessionStorage/.test(page.url()) === false && page.url().includes('#/videos/'), 'the address holds no token');

  // Play
  await page.getByRole('button', { name: /^Play/ }).click();
  const video = page.locator('video');
  await until(() => video.evaluate((one) => one.currentTime > 1), 'currentTime advances');
  const way = await video.evaluate((one) => one.dataset.way);
  check(true, `the video plays, currentTime advances (by ${way})`);
  await video.evaluate((one) => one.pause());
  // `README_PICTURE=$PWD/docs/images/page.png` makes the picture of the README anew.
  if (process.env.README_PICTURE) await page.screenshot({ path: process.env.README_PICTURE });
  await accessible(page, 'a video that plays');

  // Poster
  await page.getByText('Poster frame').click();
  const slider = page.getByLabel('Second of the poster frame');
  await page.locator('.chooser canvas.frame').waitFor();
  await slider.focus();
  await slider.press('End');
  await slider.press('ArrowLeft');
  const second = await slider.inputValue();
  await picture(page, 'poster-1280-light');
  await accessible(page, 'the poster panel');
  await page.getByRole('button', { name: 'Save as poster' }).click();
  await page.getByRole('button', { name: 'Saved' }).waitFor();
  await page.getByText('Use it elsewhere').click();
  await picture(page, 'snippets-1280-light');
  await accessible(page, 'the snippets');
  await page.reload();
  await page.locator('.stage[data-kind="ready"]').waitFor();
  await until(() => page.locator('.poster img').evaluate((one) => one.complete && one.naturalWidth > 0), 'the poster loads');
  const after = await page.locator('.poster img').getAttribute('src');
  check(claims(after).time === Number(second), `after a reload the thumbnail is the frame at ${second} s, by its signed claim`);
  const [seenColour, wantedColour] = [await colourOf(page, after), COLOURS[second]];
  check(near(seenColour, wantedColour), 'and it shows that frame', `${seenColour} instead of ${wantedColour}`);

  // List
  await page.getByRole('link', { name: 'All videos' }).click();
  const card = page.locator('.card', { hasText: 'A test picture' });
  await card.locator('.pill', { hasText: 'Ready' }).waitFor();
  const small = card.locator('img');
  await until(() => small.evaluate((one) => one.complete && one.naturalWidth > 0), 'the thumbnail loads');
  check(claims(await small.getAttribute('src')).time === Number(second), 'the list shows the same frame');
  check(count('POST /v1/playback') === 1 && count('GET /v1/videos/ID/thumbnails') > 0, 'thumbnails of a page of videos are asked for at once');
  const status = (name) => page.getByRole('group', { name: 'Status' }).getByRole('button', { name });
  await page.getByRole('searchbox').fill('something else');
  await page.getByText('No video fits these filters').waitFor();
  await accessible(page, 'a search without a result');
  await page.getByRole('button', { name: 'Show all videos' }).click();
  await card.waitFor();
  let answered = null;
  const asking = new Promise((resolve) => { answered = resolve; });
  await page.route('**/v1/videos?**', async (route) => { await asking; await route.continue(); });
  await status('Ready').click();
  await page.locator('.list-body[aria-busy="true"]').waitFor();
  await accessible(page, 'a list on its way');
  answered();
  await page.locator('.list-body[aria-busy="true"]').waitFor({ state: 'detached' });
  await page.unroute('**/v1/videos?**');
  await card.waitFor();
  check(await status('Ready').getAttribute('aria-pressed') === 'true', 'the list is filtered by status');
  for (const [scheme, width] of [['light', 1280], ['dark', 1280], ['light', 360], ['dark', 360]]) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width, height: 900 });
    await accessible(page, `the list, ${scheme}, ${width} px`);
    check(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `nothing sticks out at ${width} px`);
    await picture(page, `list-${width}-${scheme}`);
    await card.getByRole('link').click();
    await page.locator('.stage[data-kind="ready"]').waitFor();
    await until(() => page.locator('.poster img').evaluate((one) => one.complete && one.naturalWidth > 0), 'the poster loads');
    await accessible(page, `the video, ${scheme}, ${width} px`);
    check(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `nothing sticks out of the video at ${width} px`);
    await picture(page, `video-${width}-${scheme}`);
    await page.getByRole('link', { name: 'All videos' }).click();
    await card.waitFor();
  }

  // A token that is refused
  await page.route('**/v1/videos?**', (route) => route.fulfill({ status: 401, json: { code: 'unauthenticated' } }));
  await status('All').click();
  await page.getByText('The service does not accept this token').waitFor();
  check(await page.getByText('yourbit-video token --link').isVisible(), 'where a token is refused, the page says where the link is');
  await accessible(page, 'the question for a link');
  await picture(page, 'link-360-dark');
  await page.unroute('**/v1/videos?**');
  await page.goto(address);
  await card.waitFor();

  // Delete, by keyboard
  await page.setViewportSize({ width: 1280, height: 900 });
  await card.getByRole('button', { name: 'Delete A test picture' }).focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Delete this video?' });
  await dialog.waitFor();
  await accessible(page, 'the question before a deletion');
  await picture(page, 'delete-1280-dark');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  check(await card.isVisible(), 'Escape keeps the video');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await card.waitFor({ state: 'detached', timeout: 60_000 });
  await page.getByText('No videos yet').waitFor();
  check(true, 'the deleted video leaves the list by itself');
});

/** What is signed into an address. */
function claims(address) {
  const token = new URL(address).searchParams.get('token');
  return JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
}

/** The middle of a picture. */
function colourOf(page, address) {
  return page.evaluate(async (url) => {
    const picture = await createImageBitmap(await (await fetch(url)).blob());
    const context = new OffscreenCanvas(picture.width, picture.height).getContext('2d');
    context.drawImage(picture, 0, 0);
    return [...context.getImageData(picture.width / 2, picture.height / 2, 1, 1).data.slice(0, 3)];
  }, address);
}

/** Pictures are not exact to the bit. */
function near(colour, wanted) {
  const parts = wanted.match(/[0-9a-f]{2}/g).map((part) => Number.parseInt(part, 16));
  return parts.every((part, at) => Math.abs(part - colour[at]) < 40);
}
