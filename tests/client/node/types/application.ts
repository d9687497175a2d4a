// Uses all that the types describe. It is checked, not run.

import { type Begun, type Upload, UploadError, type UploadEventDetail, stored, upload } from 'yourbit-video-client/upload';
import { type Playback, type Player, PlayerError, play } from 'yourbit-video-client/player';

export async function send(file: File): Promise<string | null> {
  const before: number = stored(file, { owner: 'ana' })?.offset ?? 0;
  const sending: Upload = upload(file, {
    begin: async (given, { idempotencyKey, signal }) => {
      if (before > given.size) return fetch('/uploads', { headers: { 'Idempotency-Key': idempotencyKey }, signal });
      const begun: Begun = { video: { id: '7' }, upload: { protocol: 'put', url: 'https://video.example.com/' } };
      return begun;
    },
    onProgress: ({ state, sent, total, speed, secondsLeft }) => {
      const words: string = state === 'sending' ? `${sent} of ${total} at ${speed}, ${secondsLeft ?? '?'}` : state;
      console.log(words);
    },
    signal: AbortSignal.timeout(1000),
    owner: 'ana',
    resume: true,
  });
  if (sending.canPause) sending.pause();
  await sending.resume();
  try {
    const { video, resumed } = await sending;
    return resumed ? video?.id ?? null : null;
  } catch (error) {
    if (error instanceof UploadError && error.reason === 'not_begun') console.log(error.problem?.code, error.status, error.detail);
    sending.retry();
    return null;
  }
}

export function show(element: HTMLVideoElement): Player {
  const answer: Playback = { urls: { hls: 'https://video.example.com/index.m3u8' } };
  const player = play(element, {
    playback: async ({ reason }) => (reason === 'load' ? answer : fetch('/playback')),
    autoplay: true,
    onError: (error: PlayerError) => console.log(error.reason, error.problem),
    hls: { maxBufferLength: 10 },
  });
  const url: string | undefined = player.previewAt(3)?.url;
  console.log(url, player.playback?.expires_at, player.way, player.audioTracks.length);
  player.selectAudio(0);
  void player.load().then(() => player.close());
  return player;
}

export function elements(): void {
  const uploads = document.createElement('yourbit-upload');
  uploads.begin = async () => fetch('/uploads');
  uploads.labels = { choose: 'Video auswählen' };
  uploads.addEventListener('upload-done', (event) => console.log((event as CustomEvent<UploadEventDetail>).detail.video?.id));
  const player = document.createElement('yourbit-player');
  player.playback = async () => fetch('/playback');
  player.media?.pause();
}
