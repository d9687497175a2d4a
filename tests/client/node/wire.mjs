// A wire between a browser and a server, that can be cut and held, and remembers what went through it.

import { connect, createServer } from 'node:net';

/**
 * Forwards `port` to `target`. `cutAfter(bytes)` cuts every connection once so many more bytes have gone up.
 * `holdAfter(bytes)` lets nothing more up from then on, until `letGo`, which ends what was held.
 */
export async function wire(port, target) {
  const state = { sent: 0, cuts: 0, held: 0, offsets: [], paths: [] };
  let left = Infinity;
  let holds = false;
  let holding = false;
  const open = new Set();
  const cut = () => {
    left = Infinity;
    state.cuts += 1;
    for (const socket of open) socket.destroy();
  };
  const look = (bytes) => {
    const head = bytes.subarray(0, 8192).toString('latin1');
    const path = /^(GET|HEAD|POST|PUT|PATCH) (\S+) HTTP/.exec(head);
    if (!path) return;
    state.paths.push(`${path[1]} ${path[2]}`);
    const offset = /^(?:content-range: bytes |upload-offset: )(\d+)/im.exec(head);
    if (offset) state.offsets.push(Number(offset[1]));
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
    up.pipe(client);
    client.on('data', (bytes) => {
      look(bytes);
      if (holding) return client.pause();
      state.sent += bytes.length;
      left -= bytes.length;
      if (!up.write(bytes)) {
        client.pause();
        up.once('drain', () => holding || client.resume());
      }
      if (left <= 0 && holds) {
        holding = true;
        state.held += 1;
      } else if (left <= 0) cut();
      return undefined;
    });
  });
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    state,
    cutAfter(bytes) { [left, holds] = [bytes, false]; },
    holdAfter(bytes) { [left, holds] = [bytes, true]; },
    /** The other end may have gone without a word: a paused socket does not hear it. */
    letGo() {
      [left, holds, holding] = [Infinity, false, false];
      for (const socket of open) socket.destroy();
    },
    close: () => server.close(),
  };
}
