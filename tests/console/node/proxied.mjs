// A proxy in front of development mode: what everybody on the other side of it gets to see.

import { check } from './browser.mjs';

const { PROXY: proxy, PAGE: address, WANTED: wanted } = process.env;
const token = new URL(address).hash.replace('#token=', '');
check(token.split('.').length === 3, 'the start has printed a link with a token');

const seen = ['/', '/docs', '/openapi.json', '/metrics', '/v1/videos', '/v1/uploads', '/livez', '/local/', '/nothing'];
for (let at = 0; at < seen.length; at += 1) {
  const answer = await fetch(new URL(seen[at], proxy), { redirect: 'manual' });
  const text = await answer.text();
  const told = `${[...answer.headers].flat().join()} ${text}`;
  check(!told.includes(token.split('.')[2]) && !/eyJ[\w-]+\.[\w-]+\./.test(told), `${seen[at]} gives no token (${answer.status})`, told);
  if (wanted === '403') {
    const problem = JSON.parse(text);
    check(answer.status === 403 && problem.detail.includes('HTTP/1.0'), `${seen[at]} is refused, and the refusal names why`, text);
  } else if (seen[at].startsWith('/v1')) {
    check([401, 405].includes(answer.status), `${seen[at]} is refused without a token`, text);
  } else if (seen[at] === '/') {
    check(answer.status === 200, 'the page is shown', text);
  }
  for (const [, path] of text.matchAll(/(?:src|href)="(\/[^"]+)"/g)) if (!seen.includes(path)) seen.push(path);
  for (const [, path] of text.matchAll(/(?:^import .*?|import\()'(\.[^']+)'/gm)) {
    const module = new URL(path, new URL(seen[at], proxy)).pathname;
    if (!seen.includes(module)) seen.push(module);
  }
}
const files = seen.filter((path) => path.startsWith('/console/'));
if (wanted === '200') check(['/app.js', '/video_page.js', '/staging.js'].every((name) => files.some((path) => path.endsWith(name))), `every file of the page was looked at (${files.length})`);
