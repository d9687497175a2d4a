import 'yourbit-video-client/upload';
import 'yourbit-video-client/player';
import { begin, playback, whenReady } from './backend.js';

const uploads = document.querySelector('yourbit-upload');
const player = document.querySelector('yourbit-player');

uploads.begin = begin;
uploads.addEventListener('upload-done', async ({ detail: { video } }) => {
  await whenReady(video.id);
  player.hidden = false;
  player.playback = () => playback(video.id);
});
