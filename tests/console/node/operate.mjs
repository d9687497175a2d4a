// The pages of those who run the service: events with replays, health, setup.

import { accessible, both, focused, picture, reads, visible } from './both.mjs';
import { until } from './checks.mjs';
import { admin, asAdmin, enter, hash, idle, OWNER, show, sizes, text } from './operate_page.mjs';
import { PARKED, countOf, postEvents, startEndpoint, uploadForms } from './operate_seed.mjs';

const { URL: url } = process.env;
const SECRETS = [process.env.SECRET, process.env.WEBHOOK_SECRET, process.env.EVENT_SECRET, 'secret-of-the-second-provider', 'token-of-the-second-provider', 'hidden-key'];

const endEndpoint = await startEndpoint();
try {
  await uploadForms(OWNER, ['sound', 'broken']);
  await postEvents();
  await until(async () => (await countOf('parked')) === PARKED, 'the events are parked');
  await until(async () => (await asAdmin('GET', '/v1/admin/overview')).fleet.disabled_endpoints.length === 1, 'the endpoint is disabled');
  await both(async (browser) => {
    await events(browser);
    await health(browser);
    await worstHealth(browser);
    await setup(browser);
  });
} finally {
  await endEndpoint();
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
