// Storyboards: many small frames in one picture, listed by WebVTT or JSON.

/** Returns the frames of a storyboard, `{ start, url, x, y, width, height }`; addresses are relative to `base`. */
export function parseStoryboard(text, base) {
  return text.trimStart().startsWith('{') ? parseJson(JSON.parse(text), base) : parseVtt(text, base);
}

/** Returns the frame of this second, or null. */
export function frameAt(frames, seconds) {
  return frames.findLast((frame) => frame.start <= seconds + 0.001) ?? frames[0] ?? null;
}

/** Resolves with the frames at `address`. A storyboard that cannot be read has none. */
export async function loadFrames(address) {
  try {
    const response = await fetch(address);
    return response.ok ? parseStoryboard(await response.text(), response.url || address) : [];
  } catch {
    return [];
  }
}

function parseJson({ url, tile_width: width, tile_height: height, tiles }, base) {
  return tiles.map(({ start, x, y }) => ({ start, url: new URL(url, base).href, x, y, width, height }));
}

function parseVtt(text, base) {
  return text.replace(/\r\n?/g, '\n').split(/\n{2,}/).flatMap((block) => {
    const lines = block.split('\n').filter(Boolean);
    const at = lines.findIndex((line) => line.includes('-->'));
    if (at < 0 || !lines[at + 1]) return [];
    const [address, fragment = ''] = lines[at + 1].split('#');
    const [x, y, width, height] = fragment.replace(/^xywh=(pixel:)?/, '').split(',').map(Number);
    return [{ start: seconds(lines[at].split('-->')[0]), url: new URL(address, base).href, x, y, width, height }];
  }).filter((frame) => frame.width > 0 && frame.height > 0);
}

/** "00:01:02.500" → 62.5 */
function seconds(text) {
  return text.trim().split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
}
