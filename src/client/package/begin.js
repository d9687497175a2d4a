// Begins an upload by the application's own function.

import { readAnswer, wordsOf } from './answer.js';
import { UploadFailure } from './failure.js';

/** Why only these: the same idempotency key gives the same upload, so a repetition makes no second one. */
const AGAIN = [502, 503, 504];
const MOST_TRIES = 4;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_S = 30;

/**
 * Resolves with `{ video, descriptor }`. Repeats where the network failed or the service was busy. Throws an
 * `UploadFailure` with the reason `not_begun`.
 */
export async function beginUpload(begin, file, context) {
  for (let tries = 1; ; tries += 1) {
    const { value, failure, wait } = await ask(begin, file, context);
    if (value) return value;
    if (wait === undefined || tries >= MOST_TRIES || context.signal.aborted) throw failure;
    await pause(Math.max(wait, FIRST_WAIT_MS * 2 ** (tries - 1)), context.signal);
  }
}

async function ask(begin, file, context) {
  let answer;
  try {
    answer = await readAnswer(await begin(file, context));
  } catch (cause) {
    const failure = new UploadFailure('not_begun', { detail: cause?.message ?? String(cause), problem: cause?.problem ?? null, status: cause?.status ?? 0, cause });
    // fetch rejects with a TypeError where the network failed.
    return { failure, wait: cause instanceof TypeError ? 0 : undefined };
  }
  const { ok, status, body } = answer;
  if (!ok) {
    const failure = new UploadFailure('not_begun', { status, detail: wordsOf(answer), problem: body });
    return { failure, wait: waitOf(answer) };
  }
  if (typeof body?.upload?.url !== 'string') {
    return { failure: new UploadFailure('not_begun', { detail: 'begin() gave no upload: it must give what POST /v1/uploads answers.' }) };
  }
  return { value: { video: body.video ?? null, descriptor: body.upload } };
}

/** Milliseconds, or undefined where a repetition is of no use. */
function waitOf({ status, headers, body }) {
  if (body?.code === 'provider_rejected' || !AGAIN.includes(status)) return undefined;
  const seconds = Number(headers?.get('Retry-After') ?? 0);
  return seconds >= 0 && seconds <= LONGEST_WAIT_S ? seconds * 1000 : undefined;
}

function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}
