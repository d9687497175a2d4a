// Mux's sync engine, unchanged, with Mux's variables in its environment: it takes webhooks and fills its tables in a
// PostgreSQL database. Its task on standard input: the port of its webhook route, a file, a PostgreSQL server.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";

// Its ES module looks for its migrations with `require`, which ES modules lack.
const require = createRequire(import.meta.url);
const { MuxSync, runMigrations } = require("@mux/sync-engine");
const { Client } = require("pg");
const Mux = require("@mux/mux-node").default;

const task = JSON.parse(readFileSync(0, "utf8"));
const quiet = { info() {}, warn() {}, debug() {}, error: (...words) => console.error(...words) };
const name = `sync_engine_${process.pid}_${Date.now()}`;
const admin = new Client({ connectionString: `${task.server}/postgres` });
await admin.connect();
// Its last migration grants rights to the roles that Supabase has.
for (const role of ["anon", "authenticated", "service_role"]) {
  await admin.query(`do $$ begin create role ${role}; exception when others then null; end $$`);
}
await admin.query(`create database ${name}`);
const databaseUrl = `${task.server}/${name}`;
let engine, server, rows;
try {
  await run();
} finally {
  server?.close();
  await engine?.postgresClient.pool.end();
  await rows?.end();
  await admin.query(`drop database ${name} with (force)`);
  await admin.end();
}

async function run() {
  await runMigrations({ databaseUrl, logger: quiet });
  rows = new Client({ connectionString: databaseUrl });
  await rows.connect();
  engine = new MuxSync({
    databaseUrl,
    muxTokenId: process.env.MUX_TOKEN_ID,
    muxTokenSecret: process.env.MUX_TOKEN_SECRET,
    muxWebhookSecret: process.env.MUX_WEBHOOK_SECRET,
    backfillRelatedEntities: true,
    logger: quiet,
  });
  const failures = [];
  server = http.createServer(async (request, response) => {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    try {
      await engine.processWebhook(Buffer.concat(pieces).toString(), request.headers);
      response.writeHead(200).end();
    } catch (error) {
      failures.push(error);
      response.writeHead(400).end();
    }
  });
  await new Promise((done) => server.listen(task.port, "127.0.0.1", done));

  const mux = new Mux();
  const upload = await mux.video.uploads.create({
    cors_origin: "*",
    new_asset_settings: {
      playback_policies: ["public"],
      passthrough: "row-1",
      static_renditions: [{ resolution: "highest" }],
    },
  });
  assert.equal((await fetch(upload.url, { method: "PUT", body: readFileSync(task.clip) })).status, 200);
  const asset = await until("ready", async () => {
    const found = await rows.query("select * from mux.assets where upload_id = $1", [upload.id]);
    return found.rows.find((row) => row.status === "ready" && row.static_renditions?.status === "ready");
  });
  assert.equal(asset.passthrough, "row-1");
  assert.equal(asset.aspect_ratio, "16:9");
  assert.equal(asset.playback_ids[0].policy, "public");
  const [row] = (await rows.query("select * from mux.uploads where id = $1", [upload.id])).rows;
  assert.deepEqual([row.status, row.asset_id], ["asset_created", asset.id]);
  const events = await rows.query("select distinct type from mux.webhook_events");
  const types = events.rows.map((event) => event.type);
  assert.ok(types.includes("video.asset.ready") && types.includes("video.upload.created"), types.join());

  // What the tables lost comes back from the API.
  await rows.query("delete from mux.uploads");
  await rows.query("delete from mux.assets");
  const assets = await engine.syncBackfill({ object: "mux_assets" });
  const uploads = await engine.syncBackfill({ object: "mux_uploads" });
  assert.deepEqual([assets.muxAssets, uploads.muxUploads], [{ synced: 1 }, { synced: 1 }]);
  const back = await rows.query("select id, status from mux.assets");
  assert.deepEqual(back.rows, [{ id: asset.id, status: "ready" }]);
  // Live streams are not there, and `object: "all"` asks for them too.
  await assert.rejects(engine.syncBackfill({ object: "mux_live_streams" }), /not supported by the local provider/);

  await mux.video.assets.delete(asset.id);
  await until("deleted", async () => (await rows.query("select id from mux.assets")).rows.length === 0);
  assert.deepEqual(failures, []);
}

async function until(what, look) {
  for (let n = 0; n < 900; n++) {
    const found = await look();
    if (found) return found;
    await new Promise((wake) => setTimeout(wake, 100));
  }
  assert.fail(`never ${what}`);
}
