import { type ChangeEvent, useState } from 'react';
import { type Upload, UploadError, type Video, upload } from 'yourbit-video-client/upload';

/** One file: chosen, sent, paused. Chosen again after a reload of the page, it goes on where it stopped. */
export function Uploader({ onDone }: { onDone: (video: Video) => void }) {
  const [current, setCurrent] = useState<Upload | null>(null);
  const [, redraw] = useState(0);
  const [problem, setProblem] = useState('');

  async function choose({ target }: ChangeEvent<HTMLInputElement>) {
    const file = target.files?.[0];
    if (!file) return;
    setProblem('');
    const sending = upload(file, {
      // Your backend has the token: it calls POST /v1/uploads and hands on the answer.
      begin: (_, { idempotencyKey, signal }) => fetch('/api/uploads', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'Idempotency-Key': idempotencyKey },
        body: JSON.stringify({ filename: file.name, file_size: file.size }),
        signal,
      }),
      onProgress: () => redraw((count) => count + 1),
    });
    setCurrent(sending);
    try {
      const { video } = await sending;
      if (video) onDone(video);
    } catch (error) {
      setProblem(error instanceof UploadError ? `${error.reason}: ${error.detail}` : String(error));
    }
  }

  return (
    <section>
      <label>A video <input type="file" accept="video/*" onChange={choose} /></label>
      {current && (
        <p>
          {current.state}: <progress max={current.total} value={current.sent} aria-label="Upload" />
          {current.canPause && current.state === 'sending' && <button onClick={() => current.pause()}>Pause</button>}
          {current.state === 'paused' && <button onClick={() => current.resume()}>Resume</button>}
        </p>
      )}
      {problem && <p role="alert">{problem}</p>}
    </section>
  );
}
