// How many files of one page are sent at the same time.

/** More would share the same line. */
const MOST = 2;
let free = MOST;
const waiting = [];

/** Resolves with a function that gives the slot back. Rejects when `signal` is aborted before. */
export function takeSlot(signal) {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const grant = () => {
      signal.removeEventListener('abort', leave);
      resolve(once(giveBack));
    };
    const leave = () => {
      waiting.splice(waiting.indexOf(grant), 1);
      reject(signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
    waiting.push(grant);
    next();
  });
}

function giveBack() {
  free += 1;
  next();
}

function next() {
  while (free > 0 && waiting.length > 0) {
    free -= 1;
    waiting.shift()();
  }
}

function once(call) {
  let open = true;
  return () => {
    if (open) call();
    open = false;
  };
}
