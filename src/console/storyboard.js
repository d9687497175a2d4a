// Storyboards: many small frames in one picture, told of by WebVTT or JSON.

/** One frame: from second `start` on, the part x, y, w, h of the picture at `url`. */
export async function loadStoryboard(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`storyboard: status ${response.status}`);
  const tiles = parseStoryboard(await response.text(), response.url || address);
  if (tiles.length === 0) throw new Error('storyboard: no frames');
  const pictures = new Map();
  await Promise.all([...new Set(tiles.map((tile) => tile.url))].map(async (url) => pictures.set(url, await loadPicture(url))));
  return new Storyboard(tiles, pictures);
}

/** Reads either form; addresses are relative to `base`. */
export function parseStoryboard(text, base) {
  return text.trimStart().startsWith('{') ? ofJson(JSON.parse(text), base) : ofVtt(text, base);
}

function ofJson({ url, tile_width: w, tile_height: h, tiles }, base) {
  return tiles.map(({ start, x, y }) => ({ start, url: new URL(url, base).href, x, y, w, h }));
}

function ofVtt(text, base) {
  return text.replace(/\r\n?/g, '\n').split(/\n{2,}/).flatMap((block) => {
    const lines = block.split('\n').filter(Boolean);
    const at = lines.findIndex((line) => line.includes('-->'));
    if (at < 0 || !lines[at + 1]) return [];
    const [address, fragment = ''] = lines[at + 1].split('#');
    const [x, y, w, h] = fragment.replace(/^xywh=(pixel:)?/, '').split(',').map(Number);
    return [{ start: seconds(lines[at].split('-->')[0]), url: new URL(address, base).href, x, y, w, h }];
  }).filter((tile) => tile.w > 0 && tile.h > 0);
}

/** "00:01:02.500" → 62.5 */
function seconds(text) {
  return text.trim().split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
}

function loadPicture(url) {
  return new Promise((resolve, reject) => {
    const picture = new Image();
    picture.onload = () => resolve(picture);
    picture.onerror = () => reject(new Error('storyboard: the picture does not load'));
    picture.src = url;
  });
}

class Storyboard {
  #tiles;
  #pictures;

  constructor(tiles, pictures) {
    this.#tiles = tiles;
    this.#pictures = pictures;
  }

  get ratio() { return this.#tiles[0].w / this.#tiles[0].h; }

  /** Draws the frame of `time` over the whole canvas. */
  draw(canvas, time) {
    const tile = this.#at(time);
    [canvas.width, canvas.height] = [tile.w, tile.h];
    this.#put(canvas.getContext('2d'), tile, 0, 0, tile.w, tile.h);
  }

  /** Draws `count` frames, evenly over `duration`, side by side. */
  drawStrip(canvas, duration, count) {
    const height = 54;
    const width = Math.round(height * this.ratio);
    [canvas.width, canvas.height] = [width * count, height];
    const context = canvas.getContext('2d');
    for (let at = 0; at < count; at += 1) {
      this.#put(context, this.#at(((at + 0.5) * duration) / count), at * width, 0, width, height);
    }
  }

  #at(time) {
    return this.#tiles.findLast((tile) => tile.start <= time + 0.001) ?? this.#tiles[0];
  }

  #put(context, tile, x, y, w, h) {
    context.drawImage(this.#pictures.get(tile.url), tile.x, tile.y, tile.w, tile.h, x, y, w, h);
  }
}
