// A headless Chromium with the console open, and what every script needs of it.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { check } from './checks.mjs';

export { check, until } from './checks.mjs';

const require = createRequire(import.meta.url);
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'];

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, args: FLAGS });

/**
 * A page at `url` that fails the script on any fault of its own: an exception, a message of the policy, a script error.
 * `CONSOLE_FILES` names a folder whose files replace the embedded ones, to try changes without a build.
 */
export async function open(browser, url, { width = 1280, height = 900, scheme = 'light', motion = 'no-preference', init } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, reducedMotion: motion });
  const page = await context.newPage();
  page.faults = [];
  page.on('pageerror', (error) => page.faults.push(`exception: ${error.message}`));
  page.on('console', (message) => {
    const text = message.text();
    if (message.type() === 'error' && /Content.Security.Policy|integrity|Refused to|Uncaught/i.test(text)) page.faults.push(text);
    if (process.env.VERBOSE) console.log(`  [${message.type()}] ${text}`);
  });
  if (process.env.CONSOLE_FILES) await context.route('**/console/**', fromDisk);
  if (init) await page.addInitScript(init);
  await page.goto(url);
  return page;
}

const TYPES = { js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' };

async function fromDisk(route) {
  const path = new URL(route.request().url()).pathname.replace('/console/', '');
  const body = await readFile(join(process.env.CONSOLE_FILES, path)).catch(() => null);
  if (body === null) return route.continue();
  return route.fulfill({ body, contentType: TYPES[path.split('.').pop()] });
}

/** Drops a file on the page, as a hand would. */
export async function drop(page, path, name, type = 'video/mp4') {
  const base64 = (await readFile(path)).toString('base64');
  const transfer = await page.evaluateHandle(({ base64, name, type }) => {
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], name, { type }));
    return transfer;
  }, { base64, name, type });
  const target = page.locator('.drop');
  await target.dispatchEvent('dragover', { dataTransfer: transfer });
  await target.dispatchEvent('drop', { dataTransfer: transfer });
}

/** Everything that the page sends goes at most so fast, in bytes a second; 0: as fast as it can. */
export async function throttle(page, bytesPerSecond) {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.emulateNetworkConditions', {
    offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: bytesPerSecond || -1,
  });
  return session;
}

/** Fails on any serious or critical fault that axe-core finds. */
export async function accessible(page, what) {
  // Colours on their way to others are none that anybody has to read. What is animated may be taken away meanwhile, which
  // ends its animation too.
  await page.evaluate(() => Promise.allSettled(document.getAnimations()
    .filter((one) => Number.isFinite(one.effect.getComputedTiming().endTime)).map((one) => one.finished)));
  await page.evaluate(await readFile(require.resolve('axe-core/axe.min.js'), 'utf8'));
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  const bad = violations.filter((one) => ['serious', 'critical'].includes(one.impact));
  const mild = violations.filter((one) => !bad.includes(one)).map((one) => one.id);
  const told = bad.map((one) => `${one.id} (${one.impact}): ${one.nodes.map((node) => `${node.html} ${node.failureSummary}`).join(' | ')}`);
  check(bad.length === 0, `no serious accessibility fault: ${what}${mild.length ? ` (mild: ${mild.join(', ')})` : ''}`, told.join('\n'));
}

/** A picture of the page, kept with what the tests leave behind. */
export async function picture(page, name) {
  await page.waitForTimeout(150);
  await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}.png`), fullPage: true });
}

/** Runs a script's body with a browser, closes it, and tells the outcome by the exit code. */
export async function run(body) {
  const browser = await launch();
  const pages = [];
  try {
    await body(browser, async (...args) => {
      const page = await open(browser, ...args);
      pages.push(page);
      return page;
    });
    const faults = pages.flatMap((page) => page.faults);
    check(faults.length === 0, 'the page had no fault of its own', faults.join('\n'));
  } catch (error) {
    console.error(error);
    for (const [at, page] of pages.entries()) {
      if (page.isClosed()) continue;
      await picture(page, `failed-${at}`).catch(() => {});
      console.error(`page ${at}: ${page.url()}\n${page.faults.join('\n')}`);
    }
    process.exitCode = 1;
  } finally {
    await browser.close();
  }
}
