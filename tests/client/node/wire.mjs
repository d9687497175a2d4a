// A wire between a browser and a server, that can be cut and held, and remembers what went through it.

import { connect, createServer } from 'node:net';

/**
 * Forwards `port` to `target`. `cutThenHold(bytes)` cuts every connection once so many bytes have gone up. When an upload
 * goes on, it lets nothing more up after as many bytes, until `letGo` ends what is held.
 */
export async function wire(port, target) {
  const state = { sent: 0, cuts: 0, held: 0, offsets: [], paths: [] };
  let left = Infinity;
  let size = 0;
  let step = 'free';
  const open = new Set();
  const cut = () => {
    [left, step] = [Infinity, 'waiting'];
    state.cuts += 1;
    for (const socket of open) socket.destroy();
  };
  const look = (bytes) => {
    const head = bytes.subarray(0, 8192).toString('latin1');
    const path = /^(GET|HEAD|POST|PUT|PATCH) (\S+) HTTP/.exec(head);
    if (!path) return;
    state.paths.push(`${path[1]} ${path[2]}`);
    const offset = /^(?:content-range: bytes |upload-offset: )(\d+)/im.exec(head);
    if (!offset) return;
    state.offsets.push(Number(offset[1]));
    if (step === 'waiting') [left, step] = [size, 'holding'];
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
      if (step === 'held') return client.pause();
      state.sent += bytes.length;
      left -= bytes.length;
      if (!up.write(bytes)) {
        client.pause();
        up.once('drain', () => step === 'held' || client.resume());
      }
      if (left <= 0 && step === 'cutting') cut();
      else if (left <= 0) {
        [left, step] = [Infinity, 'held'];
        state.held += 1;
      }
      return undefined;
    });
  });
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    state,
    cutThenHold(bytes) { [left, size, step] = [bytes, bytes, 'cutting']; },
    /** The other end may have gone without a word: a paused socket does not hear it. */
    letGo() {
      [left, step] = [Infinity, 'free'];
      for (const socket of open) socket.destroy();
    },
    close: () => server.close(),
  };
}
