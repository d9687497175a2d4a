// An application: a page of another origin than the service, and a backend that has the token. Neither knows which
// provider is behind the service.

import { createServer } from 'node:http';

/** The page: nothing but the two modules of the client, under a strict policy. */
const page = (client, elsewhere) => ({
  '/': {
    type: 'text/html; charset=utf-8',
    policy: `default-src 'none'; script-src 'self' ${client}; connect-src 'self' ${elsewhere}; media-src blob: data: ${elsewhere}; img-src 'self' ${elsewhere}`,
    body: '<!doctype html><html lang="en"><title>An application</title><label>A video <input type="file"></label><video muted></video><script type="module" src="/page.js"></script></html>',
  },
  '/page.js': {
    type: 'text/javascript',
    body: `
import { upload } from '${client}client/v1/upload.js';
import { play } from '${client}client/v1/player.js';

const video = document.querySelector('video');
const seen = { state: '', states: [], emptied: 0, waiting: 0, renewals: 0, errors: [] };
globalThis.seen = seen;

document.querySelector('input').addEventListener('change', async ({ target }) => {
  const [file] = target.files;
  // The same file chosen again is a change only after this.
  target.value = '';
  const sending = upload(file, {
    owner: 'ana',
    begin: (file, { idempotencyKey }) => fetch('/uploads', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': idempotencyKey },
      body: JSON.stringify({ filename: file.name, file_size: file.size }),
    }),
    onProgress: ({ state }) => {
      if (seen.state !== state) seen.states.push(state);
      seen.state = state;
    },
  });
  try {
    const { video: { id }, resumed } = await sending;
    Object.assign(seen, { id, resumed });
    await (await fetch('/videos/' + id + '/ready')).text();
    seen.ready = true;
    const player = play(video, {
      playback: ({ reason }) => fetch('/videos/' + id + '/playback?reason=' + reason),
      autoplay: true,
      hls: { maxBufferLength: 2, maxMaxBufferLength: 2, maxBufferSize: 1 },
      onError: (error) => seen.errors.push(error.reason + ': ' + error.message),
    });
    globalThis.player = player;
    player.addEventListener('renewal', () => { seen.renewals += 1; });
  } catch (error) {
    seen.errors.push(error.reason + ': ' + error.message);
  }
});
for (const name of ['emptied', 'waiting']) video.addEventListener(name, () => { seen[name] += 1; });
`,
  },
});

/** Listens on a free port. `provider` is what the operator has configured at the moment. */
export async function application({ service, token, elsewhere }) {
  const files = page(service, elsewhere);
  const state = { provider: '', playbacks: [], uploads: 0 };
  const ask = (path, options = {}) => fetch(new URL(path, service), {
    ...options, headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', Origin: state.origin, ...options.headers },
  });

  async function begin(request) {
    const body = JSON.parse(Buffer.concat(await request.toArray()));
    state.uploads += 1;
    return ask('v1/uploads', {
      method: 'POST', headers: { 'Idempotency-Key': request.headers['idempotency-key'] },
      body: JSON.stringify({ ...body, provider: state.provider, playback_policy: 'signed' }),
    });
  }

  async function ready(id) {
    for (;;) {
      const answer = await ask(`v1/videos/${id}`);
      const { status, error } = await answer.json();
      if (status === 'ready' || status === 'errored') return new Response(JSON.stringify({ status, error }));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Each answer has a token of its own; the first ends soon. */
  async function playback(id, reason) {
    const answer = await ask(`v1/videos/${id}/playback?expires_in=${600 + 60 * state.playbacks.length}`);
    const body = await answer.json();
    state.playbacks.push({ reason, body, status: answer.status });
    if (reason === 'load') body.refresh_after = new Date(Date.now() + 3000).toISOString();
    return new Response(JSON.stringify(body), { status: answer.status, headers: { 'Content-Type': 'application/json' } });
  }

  const server = createServer(async (request, response) => {
    const url = new URL(request.url, 'http://localhost');
    const file = files[url.pathname];
    if (file) {
      response.writeHead(200, { 'Content-Type': file.type, ...(file.policy && { 'Content-Security-Policy': file.policy }) });
      return response.end(file.body);
    }
    const [, kind, id, what] = url.pathname.split('/');
    const answer = kind === 'uploads' ? await begin(request)
      : what === 'ready' ? await ready(id)
      : what === 'playback' ? await playback(id, url.searchParams.get('reason'))
      : new Response('{}', { status: 404 });
    response.writeHead(answer.status, { 'Content-Type': 'application/json' });
    return response.end(await answer.text());
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  state.origin = `http://localhost:${server.address().port}`;
  return { state, address: `${state.origin}/`, close: () => server.close() };
}
