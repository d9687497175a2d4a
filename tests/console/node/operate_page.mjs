// What the scripts about the pages of those who run the service share: the pages of a tab, their sizes, their buttons.

import { accessible, fits, picture, scheme, visible } from './both.mjs';
import { until } from './checks.mjs';
import { caller, tokenOf } from './tokens.mjs';

const WIDTHS = [360, 768, 1280, 1920];
const PICTURED = [360, 1280];
export const OWNER = 'ana';
export const admin = tokenOf('ops', { scope: 'video:admin' });
export const asAdmin = caller(admin);

export const idle = (page) => until(() => page.evaluate(() => !document.querySelector('main[aria-busy="true"], main [aria-busy="true"]')), 'nothing is being read');
export const text = (page, selector) => page.$eval(selector, (one) => one.innerText);
/** Uses a button by the keyboard. */
export const enter = async (page, name) => {
  const button = await until(() => page.$(`::-p-aria([name="${name}"][role="button"])`), `the button “${name}”`);
  await button.focus();
  await page.keyboard.press('Enter');
};
export const hash = (page) => page.evaluate(() => location.hash);
export const shape = (page, selector) => page.$eval(selector, (one) => {
  const { width, height, bottom } = one.getBoundingClientRect();
  return { ratio: width / height, width, height, bottom };
});

export const media = (page, read) => page.evaluate(`(() => { const media = document.querySelector('yourbit-player')?.media; return media ? (${read})(media) : null; })()`);

/** Another page of the same tab. */
export async function show(page, hash, wanted) {
  await page.evaluate((to) => { location.hash = to; }, hash);
  await visible(page, wanted);
  await idle(page);
}

/** Every width: nothing sticks out. Light and dark: axe finds nothing. Pictures are kept. */
export async function sizes(page, name, what, claim) {
  const keep = async (value) => {
    await accessible(page, `${what}, ${value}`, claim);
    for (const width of PICTURED) {
      await page.setViewport({ width, height: 800 });
      await picture(page, `${name}-${width}-${value}`);
    }
  };
  for (const width of WIDTHS) {
    await page.setViewport({ width, height: 800 });
    await fits(page, `${what}, ${width} px`, claim);
  }
  await keep('light');
  // Why asked: Firefox cannot be made to prefer dark.
  await scheme(page, 'dark');
  if (await page.evaluate(() => matchMedia('(prefers-color-scheme: dark)').matches)) await keep('dark');
  await scheme(page, 'light');
  await page.setViewport({ width: 1280, height: 800 });
}
