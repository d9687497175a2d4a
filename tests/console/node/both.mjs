// One journey in both browsers: Chromium and Firefox, headless, by puppeteer-core.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import puppeteer from 'puppeteer-core';
import { check, until } from './checks.mjs';

const require = createRequire(import.meta.url);
const CHROMIUM_FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'];
const BROWSERS = {
  chromium: { browser: 'chrome', executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: CHROMIUM_FLAGS },
  firefox: {
    browser: 'firefox',
    executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr',
    extraPrefsFirefox: { 'media.autoplay.default': 0, 'app.update.enabled': false, 'network.captive-portal-service.enabled': false, 'network.connectivity-service.enabled': false },
  },
};
/** `BROWSERS=firefox` runs one of them. */
const CHOSEN = (process.env.BROWSERS ?? Object.keys(BROWSERS).join(',')).split(',');

/**
 * Runs `body({ name, open, claim })` in each browser, one after the other. `open(url, options)` gives a page in a profile
 * of its own: `width`, `height`, and `token`, which the tab has from the beginning. `claim` is `check` with the browser's
 * name. Any fault of a page's own fails the script; the exit code tells the outcome.
 */
export async function both(body) {
  for (const name of CHOSEN) {
    const browser = await puppeteer.launch({ headless: true, protocolTimeout: 180_000, ...BROWSERS[name] });
    const pages = [];
    const open = async (url, options) => {
      const page = await openPage(browser, url, options);
      pages.push(page);
      return page;
    };
    try {
      await body({ name, open, claim: (holds, what, detail) => check(holds, `${name}: ${what}`, detail) });
      const faults = pages.flatMap((page) => page.faults);
      check(faults.length === 0, `${name}: the page had no fault of its own`, faults.join('\n'));
    } catch (error) {
      console.error(error);
      await leaveTraces(pages, name);
      process.exitCode = 1;
    } finally {
      await browser.close();
    }
  }
}

async function openPage(browser, url, { width = 1280, height = 900, token } = {}) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  page.faults = [];
  // Firefox calls a line that breaks an error of the page.
  page.on('pageerror', (error) => /did not succeed/.test(error.message) || page.faults.push(`exception: ${error.message}`));
  page.on('console', (message) => {
    const text = message.text();
    if (message.type() === 'error' && /Content.Security.Policy|integrity|Refused to|Uncaught/i.test(text)) page.faults.push(text);
    if (process.env.VERBOSE) console.log(`  [${message.type()}] ${text}`);
  });
  await page.setViewport({ width, height });
  await page.goto(url);
  if (token) {
    await page.evaluate((text) => sessionStorage.setItem('yourbit-video-token', text), token);
    await page.reload();
  }
  return page;
}

async function leaveTraces(pages, name) {
  for (const [at, page] of pages.entries()) {
    if (page.isClosed()) continue;
    await picture(page, `failed-${name}-${at}`).catch(() => {});
    console.error(`page ${at}: ${page.url()}\n${page.faults.join('\n')}`);
    console.error((await page.evaluate(() => document.body.innerText).catch(() => '')).slice(0, 2000));
  }
}

/** Waits until the page's own text has `text`. */
export const reads = (page, text) => until(() => page.evaluate((wanted) => document.body.innerText.includes(wanted), text), `the page says “${text}”`);

/** Waits until `selector` is there and can be seen; gives its handle. */
export const visible = (page, selector) => page.waitForSelector(selector, { visible: true });

const ROLES = { button: 'button, summary', link: 'a[href]', checkbox: 'input[type="checkbox"]' };

/** Clicks what a person would find by this role and these words. Behind an open dialog nothing is found. */
export async function press(page, role, name) {
  const find = (selector, words) => {
    const within = document.querySelector('dialog[open]') ?? document;
    const nameOf = (one) => (one.getAttribute('aria-label') ?? one.textContent).trim();
    return [...within.querySelectorAll(selector)].find((one) => nameOf(one) === words && !one.disabled && one.checkVisibility()) ?? null;
  };
  const handle = await page.waitForFunction(find, {}, ROLES[role], name).catch((cause) => { throw new Error(`no ${role} “${name}”`, { cause }); });
  await handle.asElement().click();
}

/** What has the focus: its accessible words. */
export const focused = (page) => page.evaluate(() => {
  const one = document.activeElement;
  return one === document.body ? '' : (one.getAttribute('aria-label') ?? one.textContent).trim();
});

/** Light or dark, where the browser can be told; gives what it is then. Firefox stays light. */
export async function scheme(page, value) {
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value }]).catch(() => {});
  return page.evaluate(() => (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'));
}

/** Fails on anything that axe-core finds. */
export async function accessible(page, what, claim = check) {
  // Colours on their way to others are none that anybody has to read. What is animated may be taken away meanwhile.
  await page.evaluate(() => Promise.allSettled(document.getAnimations()
    .filter((one) => Number.isFinite(one.effect.getComputedTiming().endTime)).map((one) => one.finished)).then(() => null));
  await page.evaluate(`${await readFile(require.resolve('axe-core/axe.min.js'), 'utf8')}; null`);
  const found = await page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { resultTypes: ['violations'] });
    return violations.map((one) => `${one.id} (${one.impact}): ${one.nodes.map((node) => `${node.html} ${node.failureSummary}`).join(' | ')}`);
  });
  claim(found.length === 0, `axe finds nothing: ${what}`, found.join('\n'));
}

/** Fails where the page is wider than the window, or where a part that holds text cuts it off. */
export async function fits(page, what, claim = check) {
  const out = await page.evaluate(() => {
    const all = [...document.querySelectorAll('main *, header *')].filter((one) => one.checkVisibility?.({ visibilityProperty: true }));
    const beyond = all.filter((one) => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest('pre, .scrolls, .visually-hidden'));
    const clipped = all.filter((one) => one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0 && getComputedStyle(one).overflowX === 'hidden'
      && getComputedStyle(one).textOverflow !== 'ellipsis' && !one.closest('.visually-hidden'));
    const words = [...beyond, ...clipped].map((one) => `${one.tagName}.${one.className}: ${one.textContent.slice(0, 60)}`);
    return { wide: document.documentElement.scrollWidth > innerWidth, words };
  });
  claim(!out.wide && out.words.length === 0, `nothing sticks out or is cut off: ${what}`, out.words.join('\n'));
}

/** A picture of the page, kept with what the tests leave behind. */
export async function picture(page, name) {
  await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}.png`), fullPage: true });
}
