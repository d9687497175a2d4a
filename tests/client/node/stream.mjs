// The stream of the fake providers: two audio tracks and captions in the playlist, a token in every address.

import { createHmac, createVerify, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const TYPES = { m3u8: 'application/vnd.apple.mpegurl', m4s: 'video/mp4', mp4: 'video/mp4', vtt: 'text/vtt', jpg: 'image/jpeg' };

/** `files`: the folder of the stream. `publicKey`: of the service's signatures. */
export function stream({ files, base, publicKey }) {
  const revoked = new Set();
  const seen = [];

  /** Whether a JWT of the service is valid now, for this video. */
  const isSigned = (token, subject) => {
    const [head, body, signature] = token.split('.');
    if (!signature) return false;
    const claims = JSON.parse(Buffer.from(body, 'base64url'));
    const whole = createVerify('RSA-SHA256').update(`${head}.${body}`).verify(publicKey, signature, 'base64url');
    return whole && claims.sub === subject && claims.exp > Date.now() / 1000;
  };

  /** One file, for whoever has a token that was not revoked. */
  async function serve(name, token, answer) {
    seen.push({ name, token });
    if (revoked.has(token)) return answer(403, { message: 'this token has ended' });
    const body = await readFile(join(files, name)).catch(() => null);
    if (!body) return answer(404, { message: 'nothing here' });
    const ending = name.split('.').pop();
    return answer(200, ending === 'm3u8' ? Buffer.from(withToken(body.toString(), token)) : body, { 'Content-Type': TYPES[ending] });
  }

  const withToken = (text, token) => text
    .replaceAll(/^([\w-]+\.\w+)$/gm, `${base}/stream/$1?t=${token}`)
    .replaceAll(/URI="([\w-]+\.\w+)"/g, `URI="${base}/stream/$1?t=${token}"`);

  return { seen, revoked, isSigned, serve };
}

export const hmac = (secret, text) => createHmac('sha256', secret).update(text).digest('hex');
export const randomId = () => randomBytes(16).toString('hex');
