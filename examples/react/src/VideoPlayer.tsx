import { useEffect, useRef, useState } from 'react';
import { play } from 'yourbit-video-client/player';

/** One video. `playback` answers 409 until it is ready: an application waits for that before it shows the player. */
export function VideoPlayer({ id }: { id: string }) {
  const element = useRef<HTMLVideoElement>(null);
  const [problem, setProblem] = useState('');

  useEffect(() => {
    if (!element.current) return undefined;
    const player = play(element.current, {
      playback: () => fetch(`/api/videos/${id}/playback`),
      onError: (error) => setProblem(error.message),
    });
    return () => player.close();
  }, [id]);

  return (
    <>
      <video ref={element} controls playsInline />
      {problem && <p role="alert">{problem}</p>}
    </>
  );
}
