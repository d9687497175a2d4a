// The page of one video, of each form: its stage, its player, what happened to it, what can be changed; admin and owner.

import { accessible, both, focused, picture, reads, visible } from './both.mjs';
import { until } from './checks.mjs';
import { admin, asAdmin, enter, media, OWNER, shape, show, sizes, text } from './operate_page.mjs';
import { startEndpoint, uploadForms } from './operate_seed.mjs';
import { tokenOf } from './tokens.mjs';

const { URL: url } = process.env;

const endEndpoint = await startEndpoint();
try {
  const ids = await uploadForms(OWNER, ['tall', 'four', 'sound', 'broken']);
  await both(async (browser) => {
    await videos(browser, ids);
    await ownerAlone(browser, ids);
  });
} finally {
  await endEndpoint();
}

async function videos({ name, open, claim }, ids) {
  const page = await open(`${url}#/videos/${ids.tall}`, { token: admin, height: 800 });
  for (const [form, ratio] of [['tall', 9 / 16], ['four', 4 / 3]]) {
    await show(page, `#/videos/${ids[form]}`, '.stage[data-kind="ready"] .poster img');
    claim(Math.abs((await shape(page, '.stage')).ratio - ratio) < 0.02, `the stage of ${form} has the video’s own ratio`);
    await sizes(page, `operate-${form}-${name}`, `a video, ${form}`, claim);
    await play(page, form, ratio, claim);
    await picture(page, `operate-${form}-plays-${name}`);
  }
  await soundAndFailure(page, name, ids, claim);
  await timeline(page, name, ids.four, claim);
  await change(page, name, ids.four, claim);
}

/** Plays by the keyboard; nothing of the picture is cut off, and the controls lie in the window. */
async function play(page, form, ratio, claim) {
  await page.focus('.poster');
  await page.keyboard.press('Enter');
  await until(() => media(page, '(one) => one.currentTime > 0.2'), `${form} plays`, 60_000);
  const seen = await media(page, `(one) => {
    const box = one.getBoundingClientRect();
    return { ratio: one.videoWidth / one.videoHeight, box: box.width / box.height, height: box.height, window: innerHeight };
  }`);
  claim(Math.abs(seen.ratio - ratio) < 0.02 && Math.abs(seen.box - ratio) < 0.02, `${form} plays uncut`, JSON.stringify(seen));
  claim(seen.height <= seen.window, `${form} is no taller than the window`, JSON.stringify(seen));
  claim(await page.evaluate(() => document.activeElement?.localName === 'yourbit-player'), `${form}: the player has the focus`);
  await page.setViewport({ width: 640, height: 360 });
  const low = await media(page, `(one) => {
    const [bar, stage] = [one.getRootNode().querySelector('[part~="controls"]'), document.querySelector('.stage')].map((part) => part.getBoundingClientRect());
    return { height: stage.height, window: innerHeight, inside: bar.left >= stage.left - 1 && bar.right <= stage.right + 1 && bar.bottom <= stage.bottom + 1 };
  }`);
  claim(low.height <= low.window && low.inside, `${form}: picture and controls lie in a low window`, JSON.stringify(low));
  await page.setViewport({ width: 1280, height: 800 });
}

async function soundAndFailure(page, name, ids, claim) {
  await show(page, `#/videos/${ids.sound}`, '.stage[data-sound="true"] .poster');
  claim((await page.$('#poster-panel')) === null, 'sound has no panel for its poster');
  claim((await page.$eval('.poster img', (one) => one.hidden)), 'and no picture');
  await sizes(page, `operate-sound-${name}`, 'sound', claim);
  await page.focus('.poster');
  await page.keyboard.press('Enter');
  await until(() => media(page, '(one) => one.currentTime > 0.2'), 'sound plays', 60_000);
  claim((await shape(page, '.stage')).height < 300, 'sound has no empty picture while it plays');
  claim(await page.$eval('h1', (one) => one.dir) === 'auto', 'a title runs in its own direction');

  await show(page, `#/videos/${ids.broken}`, '.stage[data-kind="errored"]');
  const told = await text(page, '.stage');
  const { error } = await asAdmin('GET', `/v1/videos/${ids.broken}`);
  claim([error.code, error.provider_code, error.message].every((one) => told.includes(one)), 'a failure has its code, the provider’s code and its words', told);
  await sizes(page, `operate-broken-${name}`, 'a video that failed', claim);
}

/** What happened, with the events and their masked contents, by the keyboard alone. */
async function timeline(page, name, id, claim) {
  await show(page, `#/videos/${id}`, '.timeline');
  await reads(page, 'video.asset.ready');
  const told = await text(page, '.timeline');
  claim(['The upload was begun', 'It was ready to play', 'video.asset.ready', 'video.ready'].every((one) => told.includes(one)), 'the timeline has the video’s times and its events in and out', told);
  const entry = '.timeline li[data-box="in"] summary';
  await page.focus(entry);
  await page.keyboard.press('Enter');
  await visible(page, '.timeline pre');
  const body = await text(page, '.timeline pre');
  claim(body.includes('"type"') && body.includes(id), 'an event shows its content', body);
  await accessible(page, 'an opened event', claim);
  await picture(page, `operate-timeline-${name}`);
  await enter(page, 'Apply it once more');
  await until(async () => (await page.$eval('#announcer', (one) => one.textContent)).includes('applied once more'), 'the replay is told');
  claim((await page.$(`${entry} .pill`)) !== null, 'an event is replayed from the timeline');
}

/** Ids to copy, the deletion time, external id and metadata, the question before deleting. */
async function change(page, name, id, claim) {
  await page.focus('#details-panel > summary');
  await page.keyboard.press('Enter');
  claim((await page.$$('#details-panel .copy-button')).length >= 5, 'every id and address has a button that copies it');
  await enter(page, 'Change external id and metadata');
  await page.keyboard.type(`from-${name}`);
  await page.$eval('#details-panel textarea', (one, text) => { one.value = text; }, JSON.stringify({ browser: name, nested: { a: 1 } }));
  await enter(page, 'Save');
  await reads(page, `from-${name}`);
  const saved = await asAdmin('GET', `/v1/videos/${id}`);
  claim(saved.external_id.endsWith(`from-${name}`) && JSON.stringify(saved.metadata) === JSON.stringify({ browser: name, nested: { a: 1 } }), 'external id and metadata are changed, and members that were taken out are gone', JSON.stringify(saved));

  await enter(page, 'Change when it deletes itself');
  await page.$eval('.deletion input', (one) => { one.value = '2099-05-06T07:08'; });
  await enter(page, 'Save');
  await until(async () => (await asAdmin('GET', `/v1/videos/${id}`)).delete_at?.startsWith('2099-05-0'), 'the deletion time is saved');
  await enter(page, 'Change when it deletes itself');
  await enter(page, 'Never');
  await until(async () => (await asAdmin('GET', `/v1/videos/${id}`)).delete_at === null, 'the deletion time is taken away');
  claim(true, 'a video can be made to delete itself, and not to');

  await enter(page, 'Ask the provider now');
  await until(async () => (await page.$eval('#announcer', (one) => one.textContent)).includes('provider was asked'), 'the provider is asked');
  await page.focus('#delete');
  await page.keyboard.press('Enter');
  await visible(page, 'dialog[open]');
  claim((await text(page, 'dialog[open]')).includes(OWNER), 'the question before deleting names the owner');
  await accessible(page, 'the question before deleting', claim);
  await page.keyboard.press('Escape');
  await until(async () => (await page.$('dialog')) === null, 'the question is gone');
  claim((await focused(page)) === 'Delete this video', 'and the focus is back');
}

/** An owner without the scope: the own video, no call of administrators, no link to their pages. */
async function ownerAlone({ name, open, claim }, ids) {
  const page = await open(url, { token: tokenOf(OWNER) });
  const asked = [];
  page.on('request', (request) => request.url().includes('/v1/admin/') && asked.push(request.url()));
  await show(page, `#/videos/${ids.tall}`, '.stage[data-kind="ready"] .poster img');
  await reads(page, 'It was ready to play');
  claim(asked.length === 0, 'an owner’s page asks nothing of administrators', asked.join());
  claim((await page.$$('nav a[href="#/events"], #refresh:not([hidden])')).length === 0, 'and offers nothing of theirs');
  await sizes(page, `operate-owner-${name}`, 'an owner’s video', claim);
  await page.evaluate(() => { location.hash = '#/events'; });
  await reads(page, 'Your token does not allow this');
  claim(true, 'the events say that the token does not allow them');
}
