// What every script says and waits by.

/** Says what holds; throws where it does not. */
export function check(holds, claim, detail = '') {
  if (!holds) throw new Error(`does not hold: ${claim}\n${detail}`);
  console.log(`ok: ${claim}`);
}

/**
 * Waits until `probe` gives something true, and gives it back. The page asks the service every 30 s where nothing happens
 * (`src/console/follow.js`): what is changed behind its back shows after that at the latest.
 */
export async function until(probe, what, ms = 90_000) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${ms} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
