// Prints what a provider's official client says of its API, as one JSON document:
//   { package, version, base, operations: [{ method, path, query, headers, body, answer }], calls: [{ method, path }],
//     error, events, definitions }
// `query`, `headers`, `body`, `answer` and `error` name one of the `definitions` (JSON Schema, draft 7); in `path`, the
// segment "param" stands for any value; `calls` are all calls that the client has, read in its source, where the provider
// names the folder; `events` maps the type of an event, or "*", to the name of its definition.
//
// Types come from the client's own declarations. Methods and paths come from the client itself, which makes each call
// to a server in this process.
import { createServer } from "node:http";
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createGenerator } from "ts-json-schema-generator";
import ts from "typescript";

const name = process.argv[2];
const { default: provider } = await import(`./${name}.mjs`);
const folder = fileURLToPath(new URL("./", import.meta.url));
const packageFolder = `${folder}node_modules/${provider.package}`;

const { definitions } = createGenerator({
  path: `${folder}${name}.ts`,
  type: "*",
  expose: "export",
  skipTypeCheck: true,
  additionalProperties: false,
}).createSchema("*");
if (provider.wireNames) await renameMembers();

const operations = await recordOperations();
console.log(
  JSON.stringify({
    package: provider.package,
    version: JSON.parse(readFileSync(`${packageFolder}/package.json`, "utf8")).version,
    base: provider.base(),
    operations,
    calls: provider.source ? allCalls(`${packageFolder}/${provider.source}`) : [],
    error: known(provider.error),
    events: provider.event ? { "*": known(provider.event) } : eventTypes(provider.events),
    definitions,
  }),
);

/** The name of a definition, which must be there: a type that the client no longer has is no schema that allows all. */
function known(type) {
  if (type !== undefined && !definitions[type]) throw new Error(`${provider.package} has no type ${type}`);
  return type;
}

/** Has the client make every call, and notes what arrives. */
async function recordOperations() {
  let arrived;
  const server = createServer((request, response) => {
    arrived = { method: request.method, path: request.url.split("?")[0] };
    request.resume();
    response.setHeader("content-type", "application/json");
    response.end('{"data":[],"result":[],"success":true}');
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const path = new URL(provider.base()).pathname.replace(/\/$/, "");
  const client = provider.client(`http://127.0.0.1:${server.address().port}${path}`);
  const recorded = [];
  for (const { call, ...types } of provider.operations) {
    arrived = undefined;
    await call(client).catch(() => {});
    if (!arrived) throw new Error(`${provider.package} makes no request for ${call}`);
    recorded.push({ ...arrived, ...requestTypes(types), answer: known(types.answer) });
  }
  server.closeAllConnections();
  server.close();
  return recorded;
}

/** All calls of the API, as the source of the client makes them. A call that is written otherwise is an error. */
function allCalls(folder) {
  const calls = [];
  for (const file of readdirSync(folder, { recursive: true }).filter((file) => file.endsWith(".ts"))) {
    const text = readFileSync(`${folder}/${file}`, "utf8");
    const found = [...text.matchAll(/_client\s*\.(\w+)\(\s*(?:path)?[`']([^`']+)[`']/g)];
    const made = text.match(/_client\s*\.\s*\w+\(/g) ?? [];
    if (found.length !== made.length) throw new Error(`${file}: ${made.length} calls, ${found.length} of them read`);
    for (const [, name, path] of found) {
      const method = name === "getAPIList" ? "GET" : name.toUpperCase();
      calls.push({ method, path: path.replace(/\$\{[^}]*\}/g, "param") });
    }
  }
  return calls;
}

function requestTypes({ body, query, params, queryOf }) {
  if (params) return splitParams(params);
  if (queryOf) return { query: readArgument(...queryOf) };
  return { body: known(body), query: known(query) };
}

/** Cloudflare's types hold path, query, headers and body together; the description of each member says which it is. */
function splitParams(type) {
  const whole = definitions[known(type)];
  const parts = {};
  for (const [member, schema] of Object.entries(whole.properties)) {
    const part = { Query: "query", Header: "headers", Body: "body" }[schema.description?.match(/^(\w+) param:/)?.[1]];
    if (!part) continue;
    const into = `${type}.${part}`;
    parts[part] = into;
    definitions[into] ??= { type: "object", properties: {}, required: [], additionalProperties: false };
    definitions[into].properties[member] = schema;
    if (whole.required?.includes(member)) definitions[into].required.push(member);
  }
  return parts;
}

/** The first argument of a method whose type has no name: members that are texts, numbers or one of some texts. */
function readArgument(file, className, method) {
  const program = ts.createProgram([`${packageFolder}/${file}`], {});
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(`${packageFolder}/${file}`);
  const found = source.statements.find((node) => ts.isClassDeclaration(node) && node.name?.text === className);
  const declared = found.members.find((node) => node.name?.getText() === method);
  const type = checker.getNonNullableType(checker.getTypeAtLocation(declared.parameters[0]));
  const properties = {};
  for (const member of type.getProperties()) {
    const of = checker.getNonNullableType(checker.getTypeOfSymbol(member));
    if (of.isUnion()) properties[member.name] = { enum: of.types.map((one) => one.value) };
    else properties[member.name] = of.flags & ts.TypeFlags.Number ? { type: "number" } : {};
  }
  const into = `${className}.${method}`;
  definitions[into] = { type: "object", properties, additionalProperties: false };
  return into;
}

/** Type of the event → name of its definition, for each member of a union. */
function eventTypes(union) {
  const names = definitions[known(union)].anyOf.map((one) => one.$ref.replace("#/definitions/", ""));
  return Object.fromEntries(names.map((one) => [definitions[one].properties.type.const, one]));
}

/** Gives every member the name that it has on the wire. */
async function renameMembers() {
  for (const [type, schema] of Object.entries(definitions)) {
    const wire = await provider.wireNames(type);
    const rename = (member) => wire.get(member) ?? member;
    const entries = Object.entries(schema.properties ?? {});
    if (entries.length > 0) schema.properties = Object.fromEntries(entries.map(([key, value]) => [rename(key), value]));
    schema.required = schema.required?.map(rename);
  }
}
