// What becomes of a video, as it happens: by its event stream, else by asking again and again.

import { ApiError, SERVICE } from './api.js';
import { isFinal } from './final.js';

/** Broken streams in a row before we go over to asking. */
const MOST_BREAKS = 3;
const SHORTEST_MS = 1000;
const LONGEST_MS = 30_000;

/**
 * Calls `onVideo(video)` for each change until the video is final, `onGone()` when it is there no more, and
 * `onTrouble(error)` when it cannot be asked about now (null: it can again). Gives back a function that stops it.
 */
export function watch(api, video, { onVideo, onGone = () => {}, onTrouble = () => {} }) {
  let stop = () => {};
  const poll = () => { stop = ask(api, video, { onVideo, onGone, onTrouble }); };
  if (isFinal(video)) return stop;
  if (!video.events_url || typeof EventSource === 'undefined') poll();
  else stop = listen(new URL(video.events_url, SERVICE), onVideo, poll);
  return () => stop();
}

function listen(url, onVideo, giveUp) {
  const source = new EventSource(url);
  let breaks = 0;
  source.addEventListener('video', (event) => {
    breaks = 0;
    const video = JSON.parse(event.data);
    if (isFinal(video)) source.close();
    onVideo(video);
  });
  source.onerror = () => {
    breaks += 1;
    // Closed by an answer that is no stream, or broken too often.
    if (source.readyState !== EventSource.CLOSED && breaks < MOST_BREAKS) return;
    source.close();
    giveUp();
  };
  return () => source.close();
}

function ask(api, video, { onVideo, onGone, onTrouble }) {
  const abort = new AbortController();
  const { signal } = abort;
  let [etag, wait, timer] = ['', SHORTEST_MS, 0];
  const next = () => {
    if (!signal.aborted) timer = setTimeout(once, wait);
  };
  let asking = false;
  const seen = () => {
    if (document.visibilityState !== 'visible' || asking) return;
    clearTimeout(timer);
    once();
  };

  async function once() {
    if (document.visibilityState === 'hidden') return next();
    asking = true;
    try {
      const answer = await api.readSince(video.id, etag, signal);
      onTrouble(null);
      etag = answer.etag;
      wait = answer.video ? SHORTEST_MS : Math.min(wait * 1.3, LONGEST_MS);
      wait = Math.max(wait, Math.min(answer.retryAfter * 1000, LONGEST_MS));
      if (answer.video) onVideo(answer.video);
      if (answer.video && isFinal(answer.video)) return end();
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && error.status === 404) return end(), onGone();
      if (error instanceof ApiError && error.status === 401) return end(), onTrouble(error);
      wait = Math.min(wait * 2, LONGEST_MS);
      onTrouble(error);
    } finally {
      asking = false;
    }
    next();
  }

  function end() {
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', seen);
    abort.abort();
  }

  document.addEventListener('visibilitychange', seen);
  next();
  return end;
}
