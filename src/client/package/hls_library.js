// hls.js, loaded where a browser needs it.

import { PlayerFailure } from './player_failure.js';

const HLS = 'application/vnd.apple.mpegurl';
let library = null;

/** Whether the browser has an HLS of its own. */
export function hasNativeHls(element) {
  return element.canPlayType(HLS) !== '';
}

/**
 * Whether that is a complete one. Chromium's (tried with 156) shows no subtitle renditions and plays the default audio
 * alone. Safari's has both, and lists its audio tracks.
 */
export function hasCompleteHls(element) {
  return hasNativeHls(element) && 'audioTracks' in element;
}

/** Whether hls.js can work here. */
export function hasMediaSource() {
  return Boolean(globalThis.MediaSource ?? globalThis.ManagedMediaSource);
}

/** Resolves with the constructor of hls.js. The file lies beside this module. */
export function loadHls() {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    Object.assign(script, { crossOrigin: 'anonymous', src: new URL('./hls/hls.min.js', import.meta.url).href });
    const fail = (detail) => {
      library = null;
      script.remove();
      reject(new PlayerFailure('library', { detail }));
    };
    script.onload = () => (globalThis.Hls ? resolve(globalThis.Hls) : fail('hls.js was loaded by another loader of this page.'));
    script.onerror = () => fail('hls.js could not be loaded: see script-src of the page\'s Content-Security-Policy.');
    document.head.append(script);
  });
  return library;
}
