// A wire between the browser and the upload server that can be cut, and that remembers what went through it.

import { connect, createServer } from 'node:net';

/**
 * Forwards `port` to `target`. `cutAfter(bytes, downMs)` cuts every connection once so many more bytes
 * have gone up, and lets none through for a while.
 */
export async function wire(port, target) {
  const state = { sent: 0, probes: 0, cuts: 0, left: Infinity, downMs: 0, downUntil: 0 };
  const open = new Set();
  const cut = () => {
    state.left = Infinity;
    state.downUntil = Date.now() + state.downMs;
    state.cuts += 1;
    for (const socket of open) socket.destroy();
  };
  const server = createServer((client) => {
    const up = connect(target, '127.0.0.1');
    for (const socket of [client, up]) {
      open.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(socket);
        client.destroy();
        up.destroy();
      });
    }
    if (Date.now() < state.downUntil) return client.destroy();
    up.pipe(client);
    client.on('data', (bytes) => {
      if (/content-range: bytes \*\//i.test(bytes.subarray(0, 4096).toString('latin1'))) state.probes += 1;
      state.sent += bytes.length;
      state.left -= bytes.length;
      if (!up.write(bytes)) {
        client.pause();
        up.once('drain', () => client.resume());
      }
      if (state.left <= 0) cut();
    });
  });
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    state,
    cutAfter(bytes, downMs = 0) {
      Object.assign(state, { left: bytes, downMs });
    },
    /** Lets connections through again. */
    open() {
      state.downUntil = 0;
    },
    close: () => server.close(),
  };
}
