// The words of <yourbit-player>. A translation replaces them by its `labels`.

export const PLAYER_LABELS = {
  player: 'Video player',
  play: 'Play',
  pause: 'Pause',
  mute: 'Mute',
  unmute: 'Unmute',
  volume: 'Volume',
  seek: 'Position',
  position: '{at} of {duration}',
  captions: 'Captions',
  off: 'Off',
  audio: 'Audio',
  fullscreen: 'Full screen',
  leave_fullscreen: 'Leave full screen',
  again: 'Try again',
  refused: 'The video cannot be played now. {detail}',
  network: 'The connection to the video is lost.',
  no_source: 'The video has no address that this player can play.',
  unsupported: 'This browser cannot play the video.',
  library: 'The player could not be loaded.',
  media: 'The video does not play. It may be damaged or gone.',
};
