// The page of the API: rendered from the service alone, searched, tried with the page's token, in both browsers.

import { execFileSync } from 'node:child_process';
import { accessible, both, fits, focused, picture, reads, scheme, visible } from './both.mjs';
import { check, until } from './checks.mjs';

const { URL: url, TOKEN: token } = process.env;
const at = (path) => new URL(path, url).href;
const described = await (await fetch(at('/openapi.json'))).json();
const operations = Object.values(described.paths).flatMap((item) => Object.values(item)).concat(Object.values(described.webhooks).map(({ post }) => post));
const idOf = (operationId) => operationId.replaceAll('_', '-');

await both(async ({ name, open, claim }) => {
  const asked = [];
  const page = await open(at('/livez'), { token });
  page.on('request', (request) => asked.push(request.url()));
  await isComplete(page, claim);
  await isSearched(page, claim);
  await isTried(page, claim);
  if (name === 'chromium') await examplesAreRight(page);
  await looks(page, claim, name);
  await explainsProblems(page, claim, name);
  // axe brings a font of its own in a `data:` address.
  const foreign = asked.filter((one) => !one.startsWith('data:') && new URL(one).origin !== new URL(url).origin);
  claim(asked.length >= 5 && foreign.length === 0, 'no other host was asked', foreign.join('\n'));
});

/** Opens `/docs` at an operation; waits until it is rendered. */
async function openDocs(page, hash = '') {
  await page.goto('about:blank');
  const answer = await page.goto(at(`/docs${hash}`));
  await page.waitForSelector('.operation');
  return answer;
}

async function isComplete(page, claim) {
  const answer = await openDocs(page, '#uploads-create');
  const policy = answer.headers()['content-security-policy'];
  claim(/^default-src 'none'; script-src 'self';/.test(policy) && !policy.includes('unsafe'), 'the policy begins with nothing', policy);
  const wanted = [...operations.map((one) => idOf(one.operationId)), ...Object.keys(described.components.schemas).map((one) => `schema-${one}`)];
  const missing = await page.evaluate((ids) => ids.filter((id) => !document.getElementById(id)), wanted);
  claim(wanted.length > 80 && missing.length === 0, `every operation, event and schema is there (${wanted.length})`, missing.join('\n'));
  const lost = await page.$$eval('a[href^="#"]', (all) => all.map((one) => decodeURIComponent(one.hash.slice(1))).filter((id) => !document.getElementById(id)));
  claim(lost.length === 0, 'every link within the page leads somewhere', lost.join('\n'));
  const codes = await page.$$eval('a[href^="problems/"]', (all) => [...new Set(all.map((one) => one.href))]);
  const unknown = [];
  for (const code of codes) if (!(await fetch(code)).ok) unknown.push(code);
  claim(unknown.length === 0, 'every code is explained', unknown.join('\n'));
  claim(codes.length > 20 && (await focused(page)).includes('/v1/uploads'), 'an address with an operation leads to it');
  const create = await page.$eval('#uploads-create', (one) => one.innerText);
  for (const part of ['video:upload', 'at most a day', '≤ 512 characters', '201', '"protocol": "put_content_range"']) claim(create.includes(part), `an operation tells: ${part}`, create);
  claim(await page.$eval('a[href="./"]', (one) => one.textContent) === 'Videos', 'the way to the console page');
}

async function isSearched(page, claim) {
  const shown = () => page.$$eval('#contents li a', (all) => all.filter((one) => one.checkVisibility()).map((one) => one.hash.slice(1)));
  const all = (await shown()).length;
  await page.focus('#search');
  await page.keyboard.type('507 upload');
  await until(async () => (await shown()).length < all, 'the list is filtered');
  claim((await shown()).includes('uploads-create') && !(await shown()).includes('session-show'), 'operations are found by what they answer', (await shown()).join(' '));
  await page.$eval('#search', (one) => one.select());
  await page.keyboard.type('expires_in');
  await until(async () => (await shown()).includes('playback-page'), 'members of a body are found');
  await page.keyboard.press('Enter');
  await until(async () => (await focused(page)).includes('playback'), 'Enter leads to the first that is found');
  await page.focus('#search');
  await page.keyboard.type('nothing of this kind');
  await reads(page, 'Nothing is found.');
}

/** A form of an operation, opened. */
async function form(page, id) {
  await page.click(`#${id} .try`);
  await visible(page, `#${id} .trial`);
  const status = () => page.$eval(`#${id} .trial-answer`, (one) => one.querySelector('.status')?.textContent ?? '');
  const send = async () => {
    await page.$eval(`#${id} .trial-answer`, (one) => one.replaceChildren());
    await page.click(`#${id} .trial [type=submit]`);
  };
  const answered = async (wanted) => {
    await until(async () => (await status()) === wanted, `${id} answers ${wanted}`);
    return page.$eval(`#${id} .trial-answer`, (one) => one.innerText);
  };
  return { send, answered };
}

async function isTried(page, claim) {
  await openDocs(page);
  const session = await form(page, 'session-show');
  await reads(page, 'Of ana: video:own');
  await session.send();
  claim((await session.answered('200')).includes('"sub": "ana"'), 'a call is sent with the token of the console page');

  const create = await form(page, 'uploads-create');
  await create.send();
  const video = /"id": "([0-9a-f-]{36})"/.exec(await create.answered('201'))[1];
  await page.$eval('#uploads-create-body', (one) => { one.value = '{"title": '; });
  await create.send();
  await reads(page, 'The body is no JSON.');
  await page.$eval('#uploads-create-body', (one) => { one.value = '{"titel": "x"}'; });
  await create.send();
  claim((await create.answered('422')).includes('invalid_body'), 'a refusal is shown with its code');

  const events = await form(page, 'videos-events');
  await events.send();
  await reads(page, '“id” is required.');
  await page.type('#videos-events-path-id', video);
  await events.send();
  await until(() => page.$eval('#videos-events .trial-answer', (one) => one.innerText.includes('"waiting"')), 'a stream is shown as it comes');
  await page.click('#videos-events .stop');
  await until(() => page.$eval('#videos-events .trial-answer', (one) => one.innerText.includes('Stopped.')), 'a stream is stopped');

  const remove = await form(page, 'videos-delete');
  await page.type('#videos-delete-path-id', video);
  await remove.send();
  await reads(page, 'Delete this video?');
  claim(await focused(page) === 'Keep it', 'the question begins at the harmless answer');
  await page.keyboard.press('Escape');
  await until(() => page.evaluate(() => !document.querySelector('dialog')), 'Escape means no');
  const still = await fetch(at(`/v1/videos/${video}`), { headers: { authorization: `Bearer ${token}` } });
  claim((await still.json()).status === 'waiting', 'nothing is deleted without a yes');
  await remove.send();
  await page.click('dialog .danger');
  claim((await remove.answered('202')).includes('"deleting"'), 'a yes deletes');
}

/** Every example is a program of its language; some are run. */
async function examplesAreRight(page) {
  await openDocs(page);
  const texts = {};
  for (const [at, language] of ['curl', 'JavaScript', 'Python'].entries()) {
    await page.evaluate((number) => document.querySelectorAll('#session-show .tab')[number].click(), at);
    await page.waitForFunction((number) => [...document.querySelectorAll('.tabs')].every((tabs) => tabs.children[number].getAttribute('aria-pressed') === 'true'), {}, at);
    texts[language] = await page.$$eval('.operation:has(.tabs)', (all) => all.map((one) => [one.id, one.querySelector('.calls code').textContent]));
  }
  const called = Object.values(described.paths).flatMap((item) => Object.values(item)).length - 1;
  for (const [language, all] of Object.entries(texts)) check(all.length === called, `${language} for each call (${all.length})`);
  const env = { ...process.env, TOKEN: token };
  for (const [, text] of texts.curl) execFileSync('bash', ['-n', '-c', text]);
  for (const [, text] of texts.JavaScript) execFileSync('node', ['--input-type=module', '--check'], { input: text });
  execFileSync('python3', ['-c', 'import json, sys\nfor one in json.load(sys.stdin): compile(one[1], one[0], "exec")'], { input: JSON.stringify(texts.Python) });
  check(true, 'all examples are programs of their languages');
  const of = (language, id) => texts[language].find(([one]) => one === id)[1];
  for (const [id, wanted] of [['session-show', '"ana"'], ['uploads-create', 'A day at the sea'], ['videos-list', '"waiting"'], ['operating-live', '"ok"']]) {
    const said = execFileSync('bash', ['-c', of('curl', id)], { env }).toString();
    check(said.includes(wanted), `curl, as it stands there: ${id}`, said);
    const done = execFileSync('node', ['--input-type=module', '-'], { env, input: of('JavaScript', id) }).toString();
    check(/^20\d /.test(done), `JavaScript, as it stands there: ${id}`, done);
  }
}

/** At all widths, light and dark, with the forms of before still open. */
async function looks(page, claim, name) {
  await openDocs(page, '#uploads-create');
  await form(page, 'uploads-create');
  for (const [width, value] of [[360, 'light'], [360, 'dark'], [768, 'dark'], [1280, 'light'], [1920, 'light']]) {
    await page.setViewport({ width, height: 900 });
    await scheme(page, value);
    await fits(page, `the API's page at ${width} px`, claim);
    await page.screenshot({ path: `${process.env.SCREENSHOTS}/docs-${name}-${width}-${value}.png` });
    if (width !== 768) await accessible(page, `the API's page at ${width} px, ${value}`, claim);
  }
  await page.setViewport({ width: 360, height: 900 });
  await page.click('#contents .fold');
  await page.waitForFunction(() => document.querySelector('#entries').checkVisibility());
  await accessible(page, 'the list of operations on a narrow page', claim);
  await page.click('#contents a[href="#videos-list"]');
  await page.waitForFunction(() => !document.querySelector('#entries').checkVisibility());
  await until(async () => (await focused(page)).includes('/v1/videos'), 'the list folds away and the operation has the focus');
  await page.setViewport({ width: 1280, height: 900 });
  await scheme(page, 'light');
}

async function explainsProblems(page, claim, name) {
  for (const [path, status] of [['/problems/video_not_ready', 200], ['/problems/unknown', 404], ['/no/such/address', 404], ['/v1/videos', 401]]) {
    const answer = await page.goto(at(path));
    claim(answer.status() === status && answer.headers()['content-type'].startsWith('text/html'), `${path} is a page with ${status}`);
    await accessible(page, path, claim);
    await fits(page, path, claim);
    const links = await page.$$eval('main a', (all) => all.map((one) => one.href));
    claim(links.length === 2, `${path} has ways out`, links.join(' '));
    for (const link of links) claim((await fetch(link)).ok, `${path} leads to ${link}`);
  }
  await picture(page, `problem-${name}`);
}
