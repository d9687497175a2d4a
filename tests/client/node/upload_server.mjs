// An upload server that speaks every protocol of an upload descriptor, on another origin than the page, with faults to
// order.

import { createServer } from 'node:http';

/**
 * `gone`: ids that are not known any more. `hold`: how many requests pass; the next one waits for `release`.
 * `hide`: response headers that the page may not read. `cut`: bytes of a body after which the
 * line is cut, for as many requests as it names: a browser repeats by itself what was cut on a line that was used before.
 */
export async function uploadServer() {
  const uploads = new Map();
  const log = [];
  const order = { hide: false, cut: [], fail: [], gone: [], hold: Infinity, held: false, release() {} };
  const allowed = ['Upload-Offset', 'Location', 'Range', 'Retry-After'];

  const server = createServer(async (request, response) => {
    const answer = (status, headers = {}, body = '') => {
      const exposed = order.hide ? {} : { 'Access-Control-Expose-Headers': allowed.join(', ') };
      response.writeHead(status, { 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Methods': '*', 'Access-Control-Allow-Headers': '*', ...exposed, ...headers });
      response.end(body);
    };
    if (request.method === 'OPTIONS') return answer(204);
    const [, protocol, id] = request.url.split('?')[0].split('/');
    log.push(`${request.method} ${request.headers['content-range'] ?? request.headers['upload-offset'] ?? ''}`.trim());
    if (protocol === 'gone' || order.gone.includes(id)) return answer(404);
    if (request.method !== 'HEAD' && (order.hold -= 1) < 0) {
      order.held = true;
      await new Promise((resolve) => {
        order.release = resolve;
        request.on('close', resolve);
      });
      if (request.destroyed) return undefined;
    }
    if (order.fail.length > 0) {
      const [status, headers] = order.fail.shift();
      request.resume();
      return answer(status, headers, JSON.stringify({ message: 'on purpose' }));
    }
    try {
      return await PROTOCOLS[protocol](one(id), request, answer);
    } catch (error) {
      if (error.message !== 'cut') answer(500, {}, String(error));
      return undefined;
    }
  });

  const one = (id) => uploads.get(id) ?? uploads.set(id, { data: Buffer.alloc(0), done: false, fields: {}, headers: {} }).get(id);

  /** The body, or its beginning and a cut line. */
  async function* bodyOf(request) {
    let left = order.cut.shift() ?? Infinity;
    for await (const bytes of request) {
      yield bytes.subarray(0, left);
      left -= bytes.length;
      if (left <= 0) {
        request.socket.destroy();
        throw new Error('cut');
      }
    }
  }

  async function append(upload, request) {
    for await (const bytes of bodyOf(request)) upload.data = Buffer.concat([upload.data, bytes]);
  }

  async function formOf(request) {
    const parts = [];
    for await (const bytes of bodyOf(request)) parts.push(bytes);
    return new Response(Buffer.concat(parts), { headers: { 'Content-Type': request.headers['content-type'] } }).formData();
  }

  const told = (upload) => (upload.data.length > 0 ? { Range: `bytes=0-${upload.data.length - 1}` } : {});

  const PROTOCOLS = {
    async put(upload, request, answer) {
      upload.data = Buffer.alloc(0);
      await append(upload, request);
      upload.done = true;
      upload.headers = request.headers;
      answer(200);
    },
    async range(upload, request, answer) {
      const range = request.headers['content-range'];
      const [, start, , total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(range) ?? [];
      if (start === undefined) return answer(upload.done ? 200 : 308, upload.done ? {} : told(upload));
      if (Number(start) > upload.data.length) return answer(400, told(upload));
      upload.data = upload.data.subarray(0, Number(start));
      await append(upload, request);
      upload.done = upload.data.length === Number(total);
      return answer(upload.done ? 200 : 308, upload.done ? {} : told(upload));
    },
    async form(upload, request, answer) {
      const form = await formOf(request);
      upload.fields = Object.fromEntries([...form].map(([name, value]) => [name, typeof value === 'string' ? value : value.name]));
      const piece = Buffer.from(await form.get('video').arrayBuffer());
      const [, start, , total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(request.headers['content-range'] ?? '') ?? [];
      upload.data = start === undefined ? piece : Buffer.concat([upload.data.subarray(0, Number(start)), piece]);
      upload.done = total === undefined || upload.data.length === Number(total);
      answer(201);
    },
    async tus(upload, request, answer) {
      if (request.method === 'POST') {
        upload.length = Number(request.headers['upload-length']);
        upload.metadata = request.headers['upload-metadata'];
        upload.headers = request.headers;
        return answer(201, { Location: `/tus/${request.url.split('/').pop()}?made` });
      }
      if (request.method === 'HEAD') return answer(200, { 'Upload-Offset': upload.data.length });
      if (Number(request.headers['upload-offset']) !== upload.data.length) return answer(409);
      await append(upload, request);
      upload.done = upload.length === undefined || upload.data.length === upload.length;
      return answer(204, { 'Upload-Offset': upload.data.length });
    },
  };

  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, uploads, log, order, close: () => server.close() };
}
