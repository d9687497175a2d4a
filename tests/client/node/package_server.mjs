// The package as it lies in the tree, at /client/, and pages of a test beside it.

import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const TYPES = { js: 'text/javascript', html: 'text/html; charset=utf-8', m3u8: 'application/vnd.apple.mpegurl', m4s: 'video/mp4', mp4: 'video/mp4', vtt: 'text/vtt', jpg: 'image/jpeg' };

/** `pages`: path → text or a function `(request, response) => …`; `prefixes`: the same for all below. `folders`: path → folder. */
export async function packageServer({ pages = {}, folders = {}, prefixes = {} } = {}) {
  const all = { '/': '<!doctype html><title>A page</title>', ...pages };
  const places = { '/client/': process.env.PACKAGE, ...folders };
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const prefix = Object.keys(prefixes).find((one) => pathname.startsWith(one));
    const page = prefixes[prefix] ?? all[pathname];
    if (typeof page === 'function') return page(request, response);
    if (page !== undefined) return response.writeHead(200, { 'Content-Type': TYPES.html }).end(page);
    const place = Object.keys(places).find((one) => pathname.startsWith(one));
    const body = place && await readFile(join(places[place], pathname.slice(place.length))).catch(() => null);
    if (!body) return response.writeHead(404).end();
    return response.writeHead(200, { 'Content-Type': TYPES[pathname.split('.').pop()] ?? 'text/plain', 'Access-Control-Allow-Origin': '*' }).end(body);
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return { address: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}
