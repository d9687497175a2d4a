import { useState } from 'react';
import type { Video } from 'yourbit-video-client/upload';
import { Uploader } from './Uploader';
import { VideoPlayer } from './VideoPlayer';

export function App() {
  const [video, setVideo] = useState<Video | null>(null);
  return (
    <main>
      <h1>Uploads and a player with React</h1>
      <Uploader onDone={setVideo} />
      {video && <VideoPlayer key={video.id} id={video.id} />}
    </main>
  );
}
