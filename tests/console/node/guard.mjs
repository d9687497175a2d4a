// What the page's answers say to a browser: its policy, its types, and who gets a token.

import { request } from 'node:http';
import { check } from './browser.mjs';

const { URL: url, PAGE: address } = process.env;

const page = await fetch(url);
const html = await page.text();
const policy = page.headers.get('content-security-policy');
check(page.headers.get('cache-control') === 'no-store', 'the page is not kept');
check(policy.startsWith("default-src 'none'; script-src 'self'; style-src 'self';"), 'the policy begins with nothing and adds its own scripts and styles');
for (const rule of ["frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"]) check(policy.includes(rule), rule);
// Why `data:` for media: the track of captions that hls.js makes is empty at first, and has such an address.
check(!/unsafe|\*(?!:)|data:/.test(policy.replaceAll(':*', '').replace("media-src 'self' blob: data:", '')), 'and nothing unsafe', policy);
check(!/<script(?![^>]*src=)|<style|\sstyle=|\son\w+=/i.test(html), 'nothing is written inline');
check(!/["']https?:\/\/(?!127\.0\.0\.1)/.test(html), 'nothing is fetched from elsewhere');
const token = new URL(address).hash.replace('#token=', '');
check(token.split('.').length === 3 && !html.includes('eyJ'), 'the token is in the link of the start, and not in the page');

const files = [...html.matchAll(/(?:src|href)="(\/console\/[^"]+)"/g)].map((match) => match[1]);
let lazy = false;
for (let at = 0; at < files.length; at += 1) {
  const answer = await fetch(new URL(files[at], url));
  const text = await answer.text();
  check(answer.ok && answer.headers.get('x-content-type-options') === 'nosniff', `${files[at]} is served`);
  check(/javascript|css|svg/.test(answer.headers.get('content-type')), `as ${answer.headers.get('content-type')}`);
  check(!text.includes(token.split('.')[2]), 'without the token');
  const again = await fetch(new URL(files[at], url), { headers: { 'If-None-Match': answer.headers.get('etag') } });
  check(again.status === 304, 'and not again while it is the same');
  for (const [, found] of text.matchAll(/(?:^import .*? from |import\()'\.\/(.+?)'/gm)) {
    const path = new URL(found, new URL(files[at], url)).pathname;
    if (!files.includes(path)) files.push(path);
  }
  if (text.includes("import('./")) lazy = true;
}
check(files.length >= (lazy ? 4 : 3), `every file is there (${files.join(' ')})`);
for (const path of ['/docs', '/docs/page.js', '/openapi.json', '/metrics', '/problems/not_found', '/livez', '/readyz', '/nothing']) {
  const text = await (await fetch(new URL(path, url))).text();
  check(!text.includes(token.split('.')[2]), `${path} has no token`);
}
check((await fetch(new URL('/console/../config.toml', url))).status === 404, 'nothing else is');
check((await fetch(new URL('/console/%2e%2e/index.html', url))).status === 404, 'not even by another spelling');
check((await fetch(url, { method: 'POST' })).status === 405, 'the page only answers');

/** Asks with a Host of one's own, as fetch does not let one. */
const ask = (host) => new Promise((resolve, reject) => {
  const { hostname, port } = new URL(url);
  request({ hostname, port, path: '/', headers: { Host: host } }, (answer) => {
    let text = '';
    answer.on('data', (bytes) => { text += bytes; });
    answer.on('end', () => resolve({ status: answer.statusCode, location: answer.headers.location, text }));
  }).on('error', reject).end();
});
const { port } = new URL(url);
const named = await ask(`localhost:${port}`);
check(named.status === 307 && named.location === url, 'by another name of this machine it leads to its own', JSON.stringify(named));
const foreign = await ask(`evil.example:${port}`);
check(foreign.status === 403 && !foreign.text.includes('eyJ'), 'by a foreign name nobody gets a token');
