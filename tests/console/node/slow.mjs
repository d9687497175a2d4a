// The first view of the list on a slow line: 400 kbit/s, and 400 ms from a request to its answer.

import { check, run } from './browser.mjs';

const { URL: url, PAGE: address } = process.env;
const token = new URL(address).hash.replace('#token=', '');
const LINE = { offline: false, latency: 400, downloadThroughput: 50_000, uploadThroughput: 50_000 };
/** With the redirect to the page's own name, and the icon of the tab. */
const MOST_REQUESTS = 8;
const MOST_BYTES = 45_000;

for (let at = 0; at < 12; at += 1) {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  const begun = await fetch(new URL('v1/uploads', url), { method: 'POST', headers, body: JSON.stringify({ title: `Slow line ${at}` }) });
  check(begun.status === 201, `video ${at} is there`);
}

await run(async (browser, open) => {
  const page = await open('about:blank');
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', LINE);
  const asked = [];
  let bytes = 0;
  session.on('Network.requestWillBeSent', ({ request }) => request.url.startsWith('http') && asked.push(request.url));
  session.on('Network.loadingFinished', ({ encodedDataLength }) => { bytes += encodedDataLength; });
  const begun = performance.now();
  await page.goto(address, { waitUntil: 'commit' });
  await page.getByText('Slow line 11', { exact: true }).first().waitFor({ timeout: 60_000 });
  const took = performance.now() - begun;
  const told = `${asked.length} requests, ${bytes} bytes, ${Math.round(took)} ms`;
  console.log(`the first view on a slow line: ${told}`);
  if (process.env.VERBOSE) console.log((await page.evaluate(() => performance.getEntriesByType('resource').map((one) => `${Math.round(one.startTime)} to ${Math.round(one.responseEnd)} ms: ${one.name} (${one.encodedBodySize} bytes)`))).join('\n'));
  if (process.env.MEASURE_ONLY) return;
  check(asked.length <= MOST_REQUESTS, `at most ${MOST_REQUESTS} requests`, asked.join('\n'));
  check(bytes <= MOST_BYTES, `at most ${MOST_BYTES} bytes`, told);
  if (process.env.DRILL_TIMES) check(took <= 2000, 'within two seconds', told);
});
