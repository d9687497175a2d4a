// The pages of those who run the service, in both browsers: videos of each form, events with replays, health, setup.

import { accessible, both, fits, focused, picture, reads, scheme, visible } from './both.mjs';
import { until } from './checks.mjs';
import { PARKED, countOf, postEvents, startEndpoint, uploadForms } from './operate_seed.mjs';
import { caller, tokenOf } from './tokens.mjs';

const { URL: url } = process.env;
const WIDTHS = [360, 768, 1280, 1920];
const OWNER = 'ana';
const admin = tokenOf('ops', { scope: 'video:admin' });
const asAdmin = caller(admin);
const SECRETS = [process.env.SECRET, process.env.WEBHOOK_SECRET, process.env.EVENT_SECRET, 'secret-of-the-second-provider', 'token-of-the-second-provider', 'hidden-key'];

const idle = (page) => until(() => page.evaluate(() => !document.querySelector('main[aria-busy="true"], main [aria-busy="true"]')), 'nothing is being read');
const text = (page, selector) => page.$eval(selector, (one) => one.innerText);
/** Uses a button by the keyboard. */
const enter = async (page, name) => {
  const button = await until(() => page.$(`::-p-aria([name="${name}"][role="button"])`), `the button “${name}”`);
  await button.focus();
  await page.keyboard.press('Enter');
};
const hash = (page) => page.evaluate(() => location.hash);
const shape = (page, selector) => page.$eval(selector, (one) => {
  const { width, height, bottom } = one.getBoundingClientRect();
  return { ratio: width / height, width, height, bottom };
});

const media = (page, read) => page.evaluate(`(() => { const media = document.querySelector('yourbit-player')?.media; return media ? (${read})(media) : null; })()`);

const endEndpoint = await startEndpoint();
try {
  const ids = await uploadForms(OWNER);
  await postEvents();
  await until(async () => (await countOf('parked')) === PARKED, 'the events are parked');
  await until(async () => (await asAdmin('GET', '/v1/admin/overview')).fleet.disabled_endpoints.length === 1, 'the endpoint is disabled');
  await both(async (browser) => {
    await videos(browser, ids);
    await events(browser);
    await health(browser);
    await worstHealth(browser);
    await setup(browser);
    await ownerAlone(browser, ids);
  });
} finally {
  await endEndpoint();
}

/** Another page of the same tab. */
async function show(page, hash, wanted) {
  await page.evaluate((to) => { location.hash = to; }, hash);
  await visible(page, wanted);
  await idle(page);
}

/** Every width and both schemes: nothing sticks out, axe finds nothing, pictures are kept. */
async function sizes(page, name, what, claim) {
  for (const value of ['light', 'dark']) {
    await scheme(page, value);
    for (const width of WIDTHS) {
      await page.setViewport({ width, height: 800 });
      await fits(page, `${what}, ${width} px`, claim);
      if (width === 360 || width === 1280) await picture(page, `${name}-${width}-${value}`);
    }
    await accessible(page, `${what}, ${value}`, claim);
  }
  await scheme(page, 'light');
  await page.setViewport({ width: 1280, height: 800 });
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

async function events({ name, open, claim }) {
  const page = await open(`${url}#/events`, { token: admin });
  await visible(page, '.event-rows li');
  await idle(page);
  claim((await page.$('.bulk button:disabled')) !== null, 'without a condition not all events can be replayed');
  await sizes(page, `operate-events-${name}`, 'events', claim);

  await page.select('.filter select', 'parked');
  await until(async () => (await hash(page)).includes('state=parked'), 'the condition stands in the address');
  await idle(page);
  await enter(page, 'Show older events');
  await until(async () => (await page.$$('.event-rows li')).length === PARKED, 'the list goes on by its cursor');
  claim(true, 'conditions stand in the address, and the list goes on');
  await page.focus('.event-rows summary');
  await page.keyboard.press('Enter');
  await visible(page, '.event-rows pre');
  const body = await text(page, '.event-rows pre');
  claim(body.includes('***') && !body.includes('hidden-path'), 'a content is masked', body);
  await accessible(page, 'an opened event of the list', claim);

  // The number, the question, the work, what is left
  await enter(page, 'Replay all that match');
  await visible(page, 'dialog[open]');
  claim((await text(page, 'dialog[open] h2')) === `Replay ${PARKED} events?`, 'the number comes first');
  await accessible(page, 'the question before a replay', claim);
  await picture(page, `operate-replay-${name}`);
  await page.keyboard.press('Tab');
  claim((await focused(page)) === `Replay ${PARKED} events`, 'the answer is in reach of the keyboard');
  await page.keyboard.press('Enter');
  await visible(page, '.done');
  claim((await text(page, '.done')).includes(`${PARKED} events are due once more.`), 'then the work', await text(page, '.done'));
  await until(async () => (await countOf('parked')) === PARKED, 'they are parked again');
  await enter(page, 'Count again');
  await reads(page, `${PARKED} events match the condition now.`);
  claim(true, 'then what is left');

  // The address keeps the conditions, "back" leads to those before, the other box has its own
  await page.reload();
  await visible(page, '.event-rows li');
  claim((await page.$eval('.filter select', (one) => one.value)) === 'parked', 'a reload keeps the condition');
  await show(page, '#/events?box=out', '.event-rows li');
  claim((await text(page, '.event-rows')).includes('video.ready'), 'the outbox is the other tab');
  claim(!(await text(page, 'main')).includes('hidden-key'), 'the query of an endpoint is not shown');
  await sizes(page, `operate-outbox-${name}`, 'the outbox', claim);
  await page.evaluate(() => history.back());
  await until(() => page.$eval('.filter select', (one) => one.value === 'parked'), 'the way back leads to the condition');
  await page.evaluate(() => history.back());
  await until(() => page.$eval('.filter select', (one) => one.value === ''), 'and to what was before it');
  claim(true, 'conditions are steps of the browser’s history');
  const [failed] = (await asAdmin('GET', '/v1/admin/webhook-events?state=failed')).data;
  await show(page, `#/events?event=${failed.id}`, '.event-view');
  await reads(page, 'The content is not JSON, and is not shown.');
  await accessible(page, 'the event of the address', claim);
}

async function health({ name, open, claim }) {
  const page = await open(`${url}#/health`, { token: admin });
  await visible(page, '.alert');
  await idle(page);
  const alerts = await page.$$eval('.alert', (all) => all.map((one) => [one.dataset.level, one.innerText]));
  const levels = alerts.map(([level]) => level);
  claim(levels.join() === [...levels].sort().join() && levels[0] === 'bad', 'red things come first', levels.join());
  const said = alerts.map(([, words]) => words).join('\n');
  claim(said.includes('could not be read') && said.includes('answered 410') && said.includes(`${PARKED} webhook events belong to no video`), 'what needs a hand is told with its remedy', said);
  const read = () => page.$eval('.page time', (one) => one.dateTime);
  const before = await read();
  await until(async () => (await read()) !== before, 'the page renews itself');
  const { process } = await asAdmin('GET', '/v1/admin/overview');
  claim((await text(page, 'main')).includes(process.replica_id.slice(-8)), 'it says which process answered');
  await sizes(page, `operate-health-${name}`, 'health', claim);
  await page.focus('.alert a');
  await page.keyboard.press('Enter');
  await visible(page, '.event-rows li');
  claim((await hash(page)).startsWith('#/events?'), 'a remedy leads to the events');
}

/** What a fleet in trouble answers, which no test can bring about: the page is given such an answer. */
function inTrouble({ fleet, process }) {
  const [replica] = fleet.replicas;
  return {
    fleet: {
      ...fleet,
      halted: [{ provider: 'mux', replica_id: process.replica_id }],
      inbox: fleet.inbox.map((one) => (one.state === 'pending' ? { ...one, count: 10_000, more: true, oldest_age_s: 7300 } : one)),
      replicas: [replica, { ...replica, id: replica.id.replace(/.$/, 'x'), version: '0.4.0' }],
    },
    process: {
      ...process,
      provider_calls: [{ provider: 'mux', result: 'ok', count: 90 }, { provider: 'mux', result: 'outage', count: 10 }, { provider: 'mux', result: 'throttled', count: 20 }],
      local: { jobs_running: 1, jobs: [], disk_free_bytes: 5_000_000, disk_full: true },
    },
  };
}

/** The same without a fault. */
function atPeace({ fleet, process }) {
  const none = (one) => ({ ...one, count: 0, more: false, oldest_at: null, oldest_age_s: null });
  return { fleet: { ...fleet, inbox: fleet.inbox.map(none), outbox: fleet.outbox.map(none), disabled_endpoints: [] }, process: { ...process, provider_calls: [] } };
}

async function worstHealth({ name, open, claim }) {
  const overview = await asAdmin('GET', '/v1/admin/overview');
  let answer = inTrouble(overview);
  const page = await open(url, { token: admin });
  await page.setRequestInterception(true);
  page.on('request', (request) => {
    if (!request.url().includes('/v1/admin/overview')) return request.continue();
    return answer ? request.respond({ status: 200, contentType: 'application/json', body: JSON.stringify(answer) }) : request.abort();
  });
  await show(page, '#/health', '.alert[data-level="bad"]');
  const said = await page.$$eval('.alert', (all) => all.map((one) => one.innerText).join('\n'));
  const wanted = ['Nothing is asked of mux any more', '5.0 MB are free, and uploads are refused', '10 of 120 calls to mux failed', '20 of 120 were throttled', 'different releases serve: 0.4.0', 'More than 10,000 webhook events wait; the oldest is 2 hours old'];
  for (const one of wanted) claim(said.includes(one), `a fleet in trouble: “${one}”`, said);
  await sizes(page, `operate-trouble-${name}`, 'a fleet in trouble', claim);
  answer = atPeace(overview);
  await reads(page, 'Nothing needs you now.');
  await accessible(page, 'a fleet at peace', claim);
  answer = null;
  await reads(page, 'The service does not answer.');
  claim(await page.$eval('.calm', (one) => one.dataset.old === 'true'), 'what was read before is not shown as how it is');
  answer = atPeace(overview);
  await until(() => page.$eval('.calm', (one) => one.dataset.old === 'false'), 'the page goes on by itself');
}

async function setup({ name, open, claim }) {
  const page = await open(`${url}#/setup`, { token: admin });
  await reads(page, 'Settings as they hold');
  await idle(page);
  const words = await text(page, 'main');
  claim(words.includes('/v1/webhooks/mux') && words.includes('VIDEO_CDN_SECRET'), 'the setup has the webhook address and the names of secrets');
  const all = `${words}${await page.content()}`;
  claim(SECRETS.every((one) => !all.includes(one)), 'no secret is on the page');
  await sizes(page, `operate-setup-${name}`, 'the setup', claim);
  await page.focus('.filter input');
  await page.keyboard.type('max_streams');
  await until(async () => (await page.$$('.setting')).length === 1, 'a setting is found');
  await page.focus('.setting summary');
  await page.keyboard.press('Enter');
  claim((await text(page, '.setting')).includes('Event streams'), 'a setting tells what it means');
}

/** Somebody without the scope: the own video as it is, no call of administrators, no link to their pages. */
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
