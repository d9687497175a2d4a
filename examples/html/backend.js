// What the page asks of its own backend. The backend has the token; it hands on the service's answers as they are.

/** POST /v1/uploads of the service. */
export function begin(file, { idempotencyKey, signal }) {
  return fetch('/api/uploads', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': idempotencyKey },
    body: JSON.stringify({ filename: file.name, file_size: file.size, content_type: file.type || undefined }),
    signal,
  });
}

/** GET /v1/videos/{id}/playback of the service. */
export function playback(id) {
  return fetch(`/api/videos/${id}/playback`);
}

/** Resolves when the video is ready; see "Follow the status" in docs/frontend.md for a stream of events in its place. */
export async function whenReady(id) {
  for (;;) {
    const { status, error } = await (await fetch(`/api/videos/${id}`)).json();
    if (status === 'ready') return;
    if (status === 'errored') throw new Error(error.message);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}
