// How a file is cut into pieces.

/** The size of a piece where the descriptor names none: 16 MiB. */
const DEFAULT_SIZE = 16 * 1024 * 1024;

/** Returns the size of every piece but the last, in bytes: the default, within min and max, in whole multiples. */
export function chunkSize(chunk) {
  if (!chunk) return DEFAULT_SIZE;
  const { min = 1, multiple = 1, max = Infinity } = chunk;
  const wanted = Math.min(Math.max(chunk.default ?? DEFAULT_SIZE, min), max);
  const whole = Math.floor(wanted / multiple) * multiple;
  return whole >= min && whole > 0 ? whole : Math.ceil(Math.max(min, 1) / multiple) * multiple;
}

/** Returns the end of the piece that begins at `start`. */
export function endOf(start, size, total) {
  return Math.min(start + size, total);
}

/** Returns the `Content-Range` of a piece. */
export function contentRange(start, end, total) {
  return `bytes ${start}-${end - 1}/${total}`;
}

/** Returns the offset behind `Range: bytes=0-N`; null where there is none to read. */
export function offsetOf(range) {
  const match = /^\s*bytes[= ]0-(\d+)\s*$/.exec(range ?? '');
  return match ? Number(match[1]) + 1 : null;
}
