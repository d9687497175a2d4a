// Two providers that do not exist: one takes uploads by tus (in Cloudflare Stream's form), one by forms in pieces (in
// api.video's). Both make no video of anything: they serve one that is ready.

import { createHmac, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';

const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': 'GET, HEAD, POST, PUT, PATCH, OPTIONS',
  'Access-Control-Allow-Headers': '*',
  'Access-Control-Expose-Headers': 'Upload-Offset, Upload-Length, Location, Range',
};

/** `files`: a folder with `index.m3u8`, its segments, `frame.jpg` and `hls.js`. `service`: where webhooks go. */
export async function fakeProviders({ port, files, service, secret }) {
  const base = `http://127.0.0.1:${port}`;
  const videos = new Map();
  const seen = { cuts: 0, requests: [] };
  const faults = { cutNext: 0 };

  const server = createServer(async (request, response) => {
    const url = new URL(request.url, base);
    seen.requests.push(`${request.method} ${url.pathname}`);
    const answer = (status, body, headers = {}) => {
      response.writeHead(status, { ...CORS, ...headers });
      response.end(body === undefined || Buffer.isBuffer(body) ? body : JSON.stringify(body));
    };
    try {
      if (request.method === 'OPTIONS') return answer(204);
      const tus = /^\/tus\/(.+)$/.exec(url.pathname);
      if (tus) return await tusUpload(tus[1], request, answer);
      if (url.pathname === '/upload') return await formUpload(request, answer);
      if (url.pathname.startsWith('/accounts/')) return await cloudflare(url, request, answer);
      if (/^\/(videos|upload-tokens)/.test(url.pathname)) return await apiVideo(url, request, answer);
      return await deliver(url, answer);
    } catch (error) {
      if (!response.headersSent) answer(500, { message: String(error) });
    }
  });

  const add = (more) => {
    const id = randomUUID().replaceAll('-', '');
    videos.set(id, { id, parts: [], received: 0, done: false, ...more });
    return videos.get(id);
  };

  async function cloudflare(url, request, answer) {
    if (request.method === 'POST') {
      const metadata = Object.fromEntries(request.headers['upload-metadata'].split(',').map((one) => one.split(' ')));
      const name = Buffer.from(metadata.name, 'base64').toString();
      const one = add({ length: Number(request.headers['upload-length']), name, signed: 'requiresignedurls' in metadata, kind: 'cloudflare_stream' });
      return answer(201, undefined, { Location: `${base}/tus/${one.id}`, 'stream-media-id': one.id });
    }
    const one = videos.get(url.pathname.split('/').pop());
    if (!one) return answer(404, { success: false });
    if (request.method === 'DELETE') videos.delete(one.id);
    return answer(200, { success: true, result: cloudflareView(one) });
  }

  const cloudflareView = (one) => ({
    uid: one.id, readyToStream: one.done, requireSignedURLs: one.signed, meta: { name: one.name }, duration: one.done ? 12 : -1,
    status: { state: one.done ? 'ready' : 'pendingupload', pctComplete: one.done ? '100' : '', errorReasonCode: '', errorReasonText: '' },
    input: { width: 640, height: 360 },
  });

  async function tusUpload(id, request, answer) {
    const one = videos.get(id);
    const version = { 'Tus-Resumable': '1.0.0' };
    if (!one) return answer(404, undefined, version);
    if (request.headers['tus-resumable'] !== '1.0.0') return answer(412, undefined, { ...version, 'Tus-Version': '1.0.0' });
    if (request.method === 'HEAD') return answer(200, undefined, { ...version, 'Upload-Offset': one.received, 'Upload-Length': one.length });
    if (request.headers['content-type'] !== 'application/offset+octet-stream') return answer(415, undefined, version);
    if (Number(request.headers['upload-offset']) !== one.received) return answer(409, undefined, version);
    await take(one, request);
    if (one.received === one.length) await finish(one);
    return answer(204, undefined, { ...version, 'Upload-Offset': one.received });
  }

  /** Reads a body; cuts the connection in its middle where that was asked for, and keeps what came. */
  async function take(one, request) {
    let left = faults.cutNext || Infinity;
    faults.cutNext = 0;
    for await (const bytes of request) {
      one.parts.push(bytes);
      one.received += bytes.length;
      left -= bytes.length;
      if (left <= 0) {
        seen.cuts += 1;
        request.socket.destroy();
        throw new Error('cut');
      }
    }
  }

  async function apiVideo(url, request, answer) {
    const [, kind, id, what] = url.pathname.split('/');
    if (kind === 'upload-tokens') return answer(200, { token: 'to-1', ttl: 3600 });
    if (request.method === 'POST') {
      const body = JSON.parse(Buffer.concat(await request.toArray()));
      return answer(201, { videoId: add({ signed: !body.public, kind: 'api_video' }).id });
    }
    const one = videos.get(id);
    if (!one) return answer(404, { title: 'The video is not found.' });
    if (request.method === 'DELETE') return videos.delete(id), answer(204);
    if (what !== 'status') return answer(200, { videoId: id, assets: { player: `${base}/embed/${id}` } });
    return answer(200, {
      ingest: { status: one.done ? 'ingested' : 'uploading' },
      encoding: { playable: one.done, qualities: [], metadata: { duration: 12, width: 640, height: 360 } },
    });
  }

  async function formUpload(request, answer) {
    const whole = Buffer.concat(await request.toArray());
    const form = await new Response(whole, { headers: { 'Content-Type': request.headers['content-type'] } }).formData();
    const one = videos.get(form.get('videoId'));
    if (!one) return answer(400, { title: 'videoId is missing' });
    const [, start, end, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(request.headers['content-range']).map(Number);
    const part = Buffer.from(await form.get('file').arrayBuffer());
    if (start !== one.received || part.length !== end - start + 1) return answer(400, { title: 'a piece that does not fit' });
    if (faults.cutNext) {
      faults.cutNext = 0;
      seen.cuts += 1;
      request.socket.destroy();
      return undefined;
    }
    one.parts.push(part);
    one.received += part.length;
    if (one.received === total) await finish(one);
    return answer(201, { videoId: one.id });
  }

  async function finish(one) {
    one.done = true;
    const event = one.kind === 'cloudflare_stream'
      ? cloudflareView(one)
      : { type: 'video.encoding.quality.completed', emittedAt: new Date().toISOString(), videoId: one.id, encoding: 'hls', quality: '360p' };
    const body = JSON.stringify(event);
    const time = Math.floor(Date.now() / 1000);
    const sign = (text) => createHmac('sha256', secret).update(text).digest('hex');
    const headers = one.kind === 'cloudflare_stream'
      ? { 'Webhook-Signature': `time=${time},sig1=${sign(`${time}.${body}`)}` }
      : { 'X-Api-Video-Signature': sign(body) };
    setTimeout(() => fetch(`${service}v1/webhooks/${one.kind}`, { method: 'POST', body, headers }).catch(() => {}), 300);
  }

  async function deliver(url, answer) {
    const name = url.pathname.split('/').pop();
    if (name.endsWith('.m3u8')) {
      const text = await readFile(join(files, 'index.m3u8'), 'utf8');
      const body = Buffer.from(text.replaceAll(/^(\w+\.ts)$/gm, `${base}/$1`));
      return answer(200, body, { 'Content-Type': 'application/vnd.apple.mpegurl' });
    }
    if (/^\w+\.ts$/.test(name)) return answer(200, await readFile(join(files, name)), { 'Content-Type': 'video/mp2t' });
    if (name === 'thumbnail.jpg') return answer(200, await readFile(join(files, 'frame.jpg')), { 'Content-Type': 'image/jpeg' });
    return answer(404, { message: 'nothing here' });
  }

  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { videos, seen, faults, close: () => server.close() };
}
