// Tokens as an application makes them.

import { createHmac } from 'node:crypto';

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token of `sub`, signed with the secret of the service under test. `more`: further claims. */
export function tokenOf(sub, more = {}) {
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub, exp: Math.floor(Date.now() / 1000) + 3600, ...more })}`;
  return `${text}.${createHmac('sha256', process.env.SECRET).update(text).digest('base64url')}`;
}

/** Calls the API with a token; gives the JSON of the answer, and throws where it is a refusal. */
export function caller(token) {
  return async (method, path, body) => {
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
    const answer = await fetch(new URL(path, process.env.URL), { method, headers, body: body && JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? null : answer.json();
  };
}
