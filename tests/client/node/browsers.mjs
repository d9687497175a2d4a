// The two browsers of Debian, driven alike.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import puppeteer from 'puppeteer-core';
import { check } from './checks.mjs';

const require = createRequire(import.meta.url);
const KINDS = {
  chromium: {
    browser: 'chrome',
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'],
  },
  firefox: {
    browser: 'firefox',
    executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr',
    extraPrefsFirefox: { 'media.autoplay.default': 0 },
  },
};

/** Runs a script's body in one browser, closes it, and tells the outcome by the exit code. */
export async function inBrowser(name, body) {
  const browser = await puppeteer.launch({ headless: true, ...KINDS[name] });
  try {
    await body(browser);
  } catch (error) {
    console.error(error);
    for (const [at, page] of (await browser.pages()).entries()) {
      console.error(`page ${at}: ${page.url()}\n${(page.faults ?? []).join('\n')}`);
      await picture(page, `failed-${name}-${at}`).catch(() => {});
    }
    process.exitCode = 1;
  } finally {
    await browser.close();
  }
}

/** A page that remembers every fault of its own: an exception, a violation of its policy. */
export async function openPage(browser, { width = 1280, height = 900 } = {}) {
  const page = await browser.newPage();
  await page.setViewport({ width, height });
  page.faults = [];
  page.on('pageerror', (error) => page.faults.push(`exception: ${error.message}`));
  page.on('console', (message) => {
    const text = message.text();
    if (process.env.VERBOSE) console.log(`  [${message.type()}] ${text}`);
    if (/Content.Security.Policy|Refused to|Uncaught/i.test(text)) page.faults.push(text);
  });
  return page;
}

/** Fails on any fault that axe-core finds. */
export async function accessible(page, what) {
  await page.evaluate(await readFile(require.resolve('axe-core/axe.min.js'), 'utf8'));
  const found = await page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { resultTypes: ['violations'] });
    return violations.map((one) => `${one.id} (${one.impact}): ${one.nodes.map((node) => `${node.target} ${node.failureSummary}`).join(' | ')}`);
  });
  check(found.length === 0, `axe finds nothing: ${what}`, found.join('\n'));
}

/** A picture of the page, kept with what the tests leave behind. */
export async function picture(page, name) {
  if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}.png`) });
}
