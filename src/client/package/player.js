// Plays the videos of the service, whichever provider has them.
//
//   const player = play(document.querySelector('video'), { playback: () => fetch('/my/videos/7/playback') });

import { MediaPlayer } from './media_player.js';
import { definePlayerElement } from './player_element.js';
import { PlayerFailure } from './player_failure.js';

/** What `play` gives. */
export const Player = MediaPlayer;
/** What it reports. */
export const PlayerError = PlayerFailure;

/** Plays one video in a media element; see player.d.ts for the options. */
export function play(element, options) {
  return new MediaPlayer(element, options);
}

definePlayerElement();
