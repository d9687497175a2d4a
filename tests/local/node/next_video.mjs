// The command `next-video sync`, unchanged, with Mux's variables in its environment. Its task on standard input: a file, and
// a folder to work in.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const task = JSON.parse(readFileSync(0, "utf8"));
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const project = join(task.folder, "project");
mkdirSync(join(project, "videos"), { recursive: true });
copyFileSync(task.clip, join(project, "videos/clip.mp4"));

const said = await sync();
const asset = JSON.parse(readFileSync(join(project, "videos/clip.mp4.json"), "utf8"));
assert.equal(asset.status, "ready", said);
assert.equal(asset.provider, "mux");
const { uploadId, assetId, playbackId } = asset.providerMetadata.mux;
assert.ok(uploadId && assetId && playbackId, JSON.stringify(asset));
assert.match(asset.blurDataURL, /^data:image\/webp;base64,UklGR/, said);
const stream = await fetch(`${process.env.MUX_BASE_URL}/${playbackId}.m3u8`);
assert.equal(stream.status, 200);

// A second run finds nothing to do.
assert.match(await sync(), /No new or unprocessed videos found/);

/** Runs the command; what it said. */
function sync() {
  const args = ["--import", here("redirect_images.mjs"), here("node_modules/next-video/dist/cli.js"), "sync"];
  const child = spawn(process.execPath, args, { cwd: project });
  let said = "";
  for (const out of [child.stdout, child.stderr]) out.on("data", (data) => (said += data));
  return new Promise((done, failed) => {
    child.on("close", (code) => (code === 0 ? done(said) : failed(new Error(`exit ${code}: ${said}`))));
  });
}
