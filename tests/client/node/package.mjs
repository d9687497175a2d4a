// The npm package: what is in it, its types, and applications that are built with it.

import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { check } from './checks.mjs';

const { PACKAGE: folder, SCRATCH: scratch, EXAMPLES: examples, CARGO_VERSION: version, URL: service } = process.env;
const here = fileURLToPath(new URL('.', import.meta.url));
const read = (...path) => readFile(join(...path));
const work = await mkdtemp(join(scratch, 'package-'));

// hls.js is the published file of the version that the lock file pins.
const published = JSON.parse(await read(here, 'node_modules/hls.js/package.json'));
const locked = JSON.parse(await read(here, 'package-lock.json')).packages['node_modules/hls.js'];
check(locked.version === published.version && locked.integrity.startsWith('sha512-'), `hls.js ${published.version} is what the lock file pins`);
check((await read(folder, 'hls/hls.min.js')).equals(await read(here, 'node_modules/hls.js/dist/hls.min.js')), 'hls.min.js is that file, byte for byte');
check((await read(folder, 'hls/LICENSE')).equals(await read(here, 'node_modules/hls.js/LICENSE')), 'with its licence');
check((await read(folder, 'hls/VERSION')).toString().trim() === published.version, 'and its version');

// The package
const manifest = JSON.parse(await read(folder, 'package.json'));
check(manifest.version === version, `its version is the program's: ${version}`);
check(!manifest.dependencies && !manifest.scripts, 'it has no dependency and runs nothing');
const [packed] = JSON.parse(execFileSync('npm', ['pack', '--json', '--pack-destination', work], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
const names = packed.files.map((file) => file.path).sort();
const wanted = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name).slice(folder.length + 1)).sort();
check(names.join() === wanted.join(), `npm pack has all ${names.length} files and no other`, `${names}\n${wanted}`);
for (const { types, default: script } of Object.values(manifest.exports).filter((one) => one.types)) {
  check(names.includes(types.slice(2)) && names.includes(script.slice(2)), `${script} comes with its types`);
}

// Its modules, installed
const modules = join(work, 'node_modules');
await mkdir(join(modules, manifest.name), { recursive: true });
execFileSync('tar', ['-xzf', join(work, packed.filename), '--strip-components=1', '-C', join(modules, manifest.name)]);
for (const name of await readdir(join(here, 'node_modules'))) {
  if (name !== '.package-lock.json') await symlink(join(here, 'node_modules', name), join(modules, name));
}

// Types
await cp(join(here, 'types'), join(work, 'types'), { recursive: true });
const tsc = join(here, 'node_modules/typescript/bin/tsc');
execFileSync(process.execPath, [tsc, '-p', join(work, 'types')], { stdio: 'inherit' });
check(true, 'TypeScript accepts an application that uses all of it');
await writeFile(join(work, 'types/wrong.ts'), "import { upload } from 'yourbit-video-client/upload';\nupload(new File([], ''), {});\n");
let refused = false;
try {
  execFileSync(process.execPath, [tsc, '-p', join(work, 'types')], { stdio: 'ignore' });
} catch {
  refused = true;
}
check(refused, 'and refuses one without begin');

// The modules can be imported where there is no document, as a server does that renders pages.
execFileSync(process.execPath, ['--input-type=module', '-e', `await import('${manifest.name}/upload'); await import('${manifest.name}/player');`], { cwd: work });
check(true, 'a server can import both modules');

// Applications
for (const name of ['html', 'react', 'vue']) {
  const place = join(work, name);
  await cp(join(examples, name), place, { recursive: true });
  const declared = JSON.parse(await read(place, 'package.json'));
  const installed = { ...declared.dependencies, ...declared.devDependencies };
  check(installed[manifest.name] === `^${version}`, `examples/${name} names this version`);
  if (installed.typescript) execFileSync(process.execPath, [tsc, '-p', place], { stdio: 'inherit' });
  execFileSync(process.execPath, [join(here, 'node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'error'], { cwd: place, stdio: 'inherit' });
  const built = await readdir(join(place, 'dist/assets'));
  check(built.some((one) => /^hls\.min-.*\.js$/.test(one)), `examples/${name} is built; hls.js stays a file of its own`, built.join());
}

// What a browser loads
const sizes = [];
for (const entry of ['upload.js', 'player.js']) await load(new URL(`client/v1/${entry}`, service).href, new Map());
async function load(url) {
  if (sizes.some((one) => one.url === url)) return;
  const answer = await fetch(url);
  const text = await answer.text();
  check(answer.ok, new URL(url).pathname.replace(/v1\/\w{8,}/, 'v1/…'));
  sizes.push({ url, bytes: gzipSync(text, { level: 9 }).length });
  for (const [, found] of text.matchAll(/^(?:import|export) .*?from '(\.[^']+)';$/gm)) await load(new URL(found, url).href);
}
const total = sizes.reduce((sum, one) => sum + one.bytes, 0);
check(total < 20_000, `upload and player are ${total} bytes together, compressed`);
await rm(work, { recursive: true, force: true });
