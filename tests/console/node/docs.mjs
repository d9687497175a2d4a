// The API's documents in a browser: rendered from the service alone, under a policy that lets nothing else in.

import { accessible, check, picture, run } from './browser.mjs';

const { URL: url } = process.env;

await run(async (browser, open) => {
  const asked = [];
  const init = () => document.addEventListener('securitypolicyviolation', (event) => console.error(`Content Security Policy: ${event.violatedDirective} ${event.blockedURI}`));
  const page = await open('about:blank', { init });
  page.on('request', (request) => asked.push(request.url()));
  const answer = await page.goto(new URL('/docs', url).href);
  check(/^default-src 'none'; script-src 'self';/.test(answer.headers()['content-security-policy']), 'the policy begins with nothing');
  await page.locator('h3', { hasText: 'video.ready' }).waitFor();

  const described = await (await fetch(new URL('/openapi.json', url))).json();
  for (const [path, item] of Object.entries(described.paths)) {
    for (const method of Object.keys(item)) check(await page.locator(`[id="${method}-${path}"]`).count() === 1, `${method} ${path} is there`);
  }
  for (const told of Object.keys(described.webhooks)) check(await page.locator(`[id="told-${told}"]`).count() === 1, `${told} is there`);
  for (const name of Object.keys(described.components.schemas)) check(await page.locator(`[id="schema-${name}"]`).count() === 1, `${name} is there`);
  const links = await page.locator('a[href^="#"]').evaluateAll((all) => all.map((one) => decodeURIComponent(one.getAttribute('href').slice(1))));
  const lost = await page.evaluate((ids) => ids.filter((id) => !document.getElementById(id)), links);
  check(links.length > 100 && lost.length === 0, `every link leads somewhere (${links.length})`, lost.join('\n'));
  await accessible(page, 'the documents');
  await page.locator('[id="post-/v1/uploads"] details').first().locator('summary').click();
  await page.locator('[id="post-/v1/uploads"]').scrollIntoViewIfNeeded();
  await page.screenshot({ path: `${process.env.SCREENSHOTS}/docs.png` });

  await page.goto(new URL('/problems/video_not_ready', url).href);
  check((await page.textContent('h1')).length > 0, 'a problem is explained');
  await accessible(page, 'a problem');
  await picture(page, 'problem');
  const foreign = asked.filter((one) => new URL(one).origin !== new URL(url).origin);
  check(asked.length >= 5 && foreign.length === 0, 'no other host was asked', foreign.join('\n'));
});
