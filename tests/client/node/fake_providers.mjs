// Three providers that do not exist, for the shipped maps: `mux` takes uploads by PUT in pieces, `cloudflare_stream` by tus,
// `api_video` by forms in pieces. They make no video of anything: each plays one stream, signed.

import { createServer } from 'node:http';
import { hmac, randomId, stream } from './stream.mjs';

const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': 'GET, HEAD, POST, PUT, PATCH, OPTIONS',
  'Access-Control-Allow-Headers': '*',
  'Access-Control-Expose-Headers': 'Upload-Offset, Upload-Length, Location, Range',
};

/**
 * `port`: where the service asks. `outer`: the address by which browsers reach it. `service`: where webhooks go.
 */
export async function fakeProviders({ port, outer, files, service, secret, publicKey }) {
  const videos = new Map();
  const play = stream({ files, base: outer, publicKey });
  const made = new Set();

  const server = createServer(async (request, response) => {
    const url = new URL(request.url, outer);
    const answer = (status, body, headers = {}) => {
      response.writeHead(status, { ...CORS, ...headers });
      response.end(body === undefined || Buffer.isBuffer(body) ? body : JSON.stringify(body));
    };
    try {
      if (request.method === 'OPTIONS') return answer(204);
      for (const [pattern, handle] of ROUTES) {
        const match = pattern.exec(`${request.method} ${url.pathname}`);
        if (match) return await handle({ request, url, answer, id: match.groups?.id, rest: match.groups?.rest });
      }
      return answer(404, { message: 'nothing here' });
    } catch (error) {
      if (!response.headersSent) answer(500, { message: String(error) });
      return undefined;
    }
  });

  const add = (more) => {
    const id = randomId();
    videos.set(id, { id, parts: [], received: 0, done: false, ...more });
    return videos.get(id);
  };
  const jsonOf = async (request) => JSON.parse(Buffer.concat(await request.toArray()));

  /** Keeps what arrives, also of a body that breaks off. */
  async function take(one, request) {
    for await (const bytes of request) {
      one.parts.push(bytes);
      one.received += bytes.length;
    }
  }

  async function tell(kind, body, headers) {
    await fetch(`${service}v1/webhooks/${kind}`, { method: 'POST', body, headers }).catch(() => {});
  }

  // mux

  const muxAsset = (one) => ({
    id: one.id, upload_id: one.id, passthrough: one.passthrough, status: one.done ? 'ready' : 'preparing', duration: 24, aspect_ratio: '16:9',
    playback_ids: [{ id: one.id, policy: 'signed' }], tracks: [{ type: 'video', max_width: 320, max_height: 180 }],
  });

  async function muxUpload({ request, answer }) {
    const { new_asset_settings: settings } = await jsonOf(request);
    const one = add({ kind: 'mux', passthrough: settings.passthrough });
    answer(201, { data: { id: one.id, url: `${outer}/mux/${one.id}` } });
  }

  async function muxPut({ request, answer, id }) {
    const one = videos.get(id);
    const [, start, total] = /^bytes (?:(\d+)-\d+|\*)\/(\d+)$/.exec(request.headers['content-range']);
    const arrived = () => (one.received > 0 ? { Range: `bytes=0-${one.received - 1}` } : {});
    if (start === undefined) return answer(one.done ? 200 : 308, undefined, one.done ? {} : arrived());
    if (Number(start) !== one.received) return answer(400, undefined, arrived());
    await take(one, request);
    one.done = one.received === Number(total);
    answer(one.done ? 200 : 308, undefined, one.done ? {} : arrived());
    if (!one.done) return undefined;
    const body = JSON.stringify({ id: randomId(), type: 'video.asset.ready', created_at: new Date().toISOString(), data: muxAsset(one) });
    const time = Math.floor(Date.now() / 1000);
    return tell('mux', body, { 'Mux-Signature': `t=${time},v1=${hmac(secret, `${time}.${body}`)}` });
  }

  // cloudflare_stream

  const cloudflareView = (one) => ({
    uid: one.id, readyToStream: one.done, requireSignedURLs: true, meta: { name: one.name }, duration: one.done ? 24 : -1,
    status: { state: one.done ? 'ready' : 'pendingupload', pctComplete: one.done ? '100' : '', errorReasonCode: '', errorReasonText: '' },
    input: { width: 320, height: 180 },
  });

  function cloudflareUpload({ request, answer }) {
    const metadata = Object.fromEntries(request.headers['upload-metadata'].split(',').map((one) => one.split(' ')));
    const one = add({ kind: 'cloudflare_stream', length: Number(request.headers['upload-length']), name: Buffer.from(metadata.name, 'base64').toString() });
    answer(201, undefined, { Location: `${outer}/tus/${one.id}`, 'stream-media-id': one.id });
  }

  async function tusUpload({ request, answer, id }) {
    const one = videos.get(id);
    const version = { 'Tus-Resumable': '1.0.0' };
    if (request.headers['tus-resumable'] !== '1.0.0') return answer(412, undefined, { ...version, 'Tus-Version': '1.0.0' });
    if (request.method === 'HEAD') return answer(200, undefined, { ...version, 'Upload-Offset': one.received, 'Upload-Length': one.length });
    if (Number(request.headers['upload-offset']) !== one.received) return answer(409, undefined, version);
    await take(one, request);
    one.done = one.received === one.length;
    answer(204, undefined, { ...version, 'Upload-Offset': one.received });
    if (!one.done) return undefined;
    const body = JSON.stringify(cloudflareView(one));
    const time = Math.floor(Date.now() / 1000);
    return tell('cloudflare_stream', body, { 'Webhook-Signature': `time=${time},sig1=${hmac(secret, `${time}.${body}`)}` });
  }

  // api_video

  async function apiVideoUpload({ request, answer }) {
    await jsonOf(request);
    answer(201, { videoId: add({ kind: 'api_video' }).id });
  }

  async function formUpload({ request, answer }) {
    const whole = Buffer.concat(await request.toArray());
    const form = await new Response(whole, { headers: { 'Content-Type': request.headers['content-type'] } }).formData();
    const one = videos.get(form.get('videoId'));
    const [, start, , total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(request.headers['content-range']).map(Number);
    if (start !== one.received) return answer(400, { title: 'a piece that does not fit' });
    one.parts.push(Buffer.from(await form.get('file').arrayBuffer()));
    one.received += one.parts.at(-1).length;
    one.done = one.received === total;
    answer(201, { videoId: one.id });
    if (!one.done) return undefined;
    const body = JSON.stringify({ type: 'video.encoding.quality.completed', emittedAt: new Date().toISOString(), videoId: one.id, encoding: 'hls', quality: '180p' });
    return tell('api_video', body, { 'X-Api-Video-Signature': hmac(secret, body) });
  }

  const apiVideoStatus = ({ answer, id }) => answer(200, {
    ingest: { status: videos.get(id).done ? 'ingested' : 'uploading' },
    encoding: { playable: videos.get(id).done, qualities: [], metadata: { duration: 24, width: 320, height: 180 } },
  });

  function apiVideoToken({ answer, id }) {
    const token = randomId();
    made.add(token);
    answer(200, { videoId: id, assets: { player: `${outer}/embed/${id}?token=${token}` } });
  }

  // What plays

  async function first({ answer }, token, isAllowed) {
    return isAllowed ? play.serve('index.m3u8', token, answer) : answer(403, { message: 'not signed' });
  }
  const muxPlay = (call) => {
    const token = call.url.searchParams.get('token') ?? '';
    return first(call, token, play.isSigned(token, call.id));
  };
  const cloudflarePlay = (call) => {
    const subject = JSON.parse(Buffer.from(call.id.split('.')[1] ?? 'e30', 'base64url')).sub;
    return first(call, call.id, videos.has(subject) && play.isSigned(call.id, subject));
  };
  const apiVideoPlay = (call) => first(call, call.rest, made.has(call.rest) && call.url.searchParams.get('avh') === `session-${call.rest}`);

  const ROUTES = [
    [/^POST \/video\/v1\/uploads$/, muxUpload],
    [/^GET \/video\/v1\/assets\/(?<id>\w+)$/, ({ answer, id }) => answer(200, { data: muxAsset(videos.get(id)) })],
    [/^PUT \/mux\/(?<id>\w+)$/, muxPut],
    [/^GET \/muxplay\/(?<id>\w+)\.m3u8$/, muxPlay],
    [/^POST \/accounts\/account\/stream$/, cloudflareUpload],
    [/^GET \/accounts\/account\/stream\/(?<id>\w+)$/, ({ answer, id }) => answer(200, { success: true, result: cloudflareView(videos.get(id)) })],
    [/^(HEAD|PATCH) \/tus\/(?<id>\w+)$/, tusUpload],
    [/^GET \/cloudflare\/(?<id>[\w.-]+)\/manifest\/video\.m3u8$/, cloudflarePlay],
    [/^POST \/videos$/, apiVideoUpload],
    [/^POST \/upload-tokens$/, ({ answer }) => answer(200, { token: 'to-1', ttl: 3600 })],
    [/^POST \/upload$/, formUpload],
    [/^GET \/videos\/(?<id>\w+)\/status$/, apiVideoStatus],
    [/^GET \/videos\/(?<id>\w+)$/, apiVideoToken],
    [/^GET \/apivideo\/vod\/(?<id>\w+)\/token\/(?<rest>\w+)\/session$/, ({ answer, rest }) => answer(200, { session_token: `session-${rest}` })],
    [/^GET \/apivideo\/vod\/(?<id>\w+)\/token\/(?<rest>\w+)\/hls\/manifest\.m3u8$/, apiVideoPlay],
    [/^GET \/stream\/(?<rest>[\w.-]+)$/, ({ url, answer, rest }) => play.serve(rest, url.searchParams.get('t'), answer)],
    [/thumbnail/, ({ answer, url }) => play.serve('frame.jpg', url.searchParams.get('token'), answer)],
  ];

  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { videos, ...play, close: () => server.close() };
}
