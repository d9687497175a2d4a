// What the browser's own storage keeps of an upload, so that the same file goes on after a reload of the page.

const PREFIX = 'yourbit-video:upload:';
/** How long an upload without an end is kept: a day. */
const KEEP_MS = 24 * 3600 * 1000;
/** Nothing of these can be resumed. */
const NOT_KEPT = ['put', 'post_form'];
/** A page that is just being left still holds its lock for a moment. */
const LOCK_TRIES = 10;
const LOCK_WAIT_MS = 100;

/** A record that keeps nothing: where another page sends this file, or the caller wants none. */
const NONE = { read: () => null, write() {}, remove() {}, close() {} };

/**
 * Returns the record of this file for this owner: `{ read(), write(state), remove(), close() }`. Only one page has it at
 * a time, so no two send the same upload.
 */
export async function openRecord(file, owner) {
  const key = keyOf(file, owner);
  const close = await lock(key);
  if (!close) return NONE;
  sweep();
  return {
    read: () => read(key),
    write: (state) => write(key, state),
    remove: () => storage((store) => store.removeItem(key)),
    close,
  };
}

/** Returns what is stored of this file for this owner, `{ video, offset }`, or null. Changes nothing. */
export function storedUpload(file, owner) {
  const state = read(keyOf(file, owner));
  return state && { video: state.video ?? null, offset: state.offset };
}

function keyOf(file, owner) {
  return PREFIX + JSON.stringify([owner ?? '', file.name, file.size, file.lastModified]);
}

/** Returns a record that keeps nothing. */
export function noRecord() {
  return NONE;
}

/** Resolves with a function that gives the lock back, or with null where another page holds it. */
async function lock(name) {
  const { locks } = globalThis.navigator ?? {};
  if (!locks) return () => {};
  for (let tries = 0; tries < LOCK_TRIES; tries += 1) {
    const release = await tryLock(locks, name);
    if (release) return release;
    await new Promise((resolve) => setTimeout(resolve, LOCK_WAIT_MS));
  }
  return null;
}

function tryLock(locks, name) {
  return new Promise((resolve) => {
    locks
      .request(name, { ifAvailable: true }, (held) => (held ? new Promise((release) => { resolve(release); }) : resolve(null)))
      // A page without an origin of its own has no locks, and no storage to share either.
      .catch(() => resolve(() => {}));
  });
}

function read(key) {
  const state = parse(storage((store) => store.getItem(key)));
  return state && state.until > Date.now() ? state : null;
}

function write(key, { descriptor, video, offset }) {
  if (NOT_KEPT.includes(descriptor.protocol)) return;
  const until = Date.parse(descriptor.expires_at ?? '') || (read(key)?.until ?? Date.now() + KEEP_MS);
  storage((store) => store.setItem(key, JSON.stringify({ descriptor, video, offset, until })));
}

/** Removes the records of uploads that have ended. */
function sweep() {
  storage((store) => {
    for (const key of Object.keys(store).filter((one) => one.startsWith(PREFIX))) {
      if (!read(key)) store.removeItem(key);
    }
  });
}

function parse(text) {
  try {
    const state = JSON.parse(text);
    return typeof state?.descriptor?.url === 'string' && Number.isSafeInteger(state.offset) ? state : null;
  } catch {
    return null;
  }
}

/** Storage may be full or forbidden. An upload works without it. */
function storage(use) {
  try {
    return use(globalThis.localStorage) ?? null;
  } catch {
    return null;
  }
}
