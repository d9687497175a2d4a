// Renders the OpenAPI document. Everything is text: nothing of the document becomes markup.

const METHODS = ["get", "post", "patch", "put", "delete"];
const document_ = await (await fetch("openapi.json")).json();

/** An element with attributes and children; texts become text. */
function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Prose with `code` in backquotes, a paragraph a blank line. */
function prose(text = "") {
  return text.split(/\n\s*\n/).filter(Boolean).map((paragraph) =>
    el("p", {}, paragraph.split("`").map((part, index) => (index % 2 ? el("code", {}, part) : part))));
}

const nameOf = (ref) => ref.split("/").pop();
const resolve = (value) => value.$ref
  ? value.$ref.slice(2).split("/").reduce((at, key) => at[key], document_) : value;

/** What a schema allows, in a few words, with links to the named ones. */
function kind(schema = {}) {
  if (schema.$ref) return [el("a", { href: `#schema-${nameOf(schema.$ref)}` }, nameOf(schema.$ref))];
  if (schema.allOf) return schema.allOf.flatMap(kind);
  const either = schema.oneOf ?? schema.anyOf;
  if (either) return either.flatMap((one, index) => (index ? [" or ", ...kind(one)] : kind(one)));
  if (schema.enum) return [schema.enum.map((value) => JSON.stringify(value)).join(" | ")];
  if (schema.type === "array") return ["list of ", ...kind(schema.items)];
  if (schema.type === "object" && schema.additionalProperties?.type) return ["map of ", ...kind(schema.additionalProperties)];
  const bounds = [
    schema.minimum !== undefined && `≥ ${schema.minimum}`,
    schema.maximum !== undefined && `≤ ${schema.maximum}`,
    schema.minLength !== undefined && `≥ ${schema.minLength} characters`,
    schema.maxLength !== undefined && `≤ ${schema.maxLength} characters`,
  ].filter(Boolean);
  const name = [schema.type ?? "anything"].flat().join(" or ");
  return [name + (schema.format ? ` (${schema.format})` : "") + (bounds.length ? `, ${bounds.join(", ")}` : "")];
}

/** Names, what they hold, and what is said of them. */
function table(rows) {
  return el("table", {}, el("tbody", {}, rows.map(([name, schema, required, text]) =>
    el("tr", {}, el("th", { scope: "row" }, el("code", {}, name), required ? el("span", { class: "required" }, "required") : null),
      el("td", {}, el("div", { class: "kind" }, kind(schema)), prose(text))))));
}

const properties = (schema) => Object.entries(schema.properties ?? {}).map(([name, property]) =>
  [name, property, schema.required?.includes(name), property.description]);

function answer([status, response]) {
  const contents = Object.entries(response.content ?? {});
  const headers = Object.entries(response.headers ?? {}).filter(([name]) => name !== "x-request-id");
  const examples = contents.flatMap(([, content]) => Object.entries(content.examples ?? {}));
  return el("details", { class: `status s${status[0]}` },
    el("summary", {}, el("code", {}, status), " ", response.description ?? ""),
    contents.map(([type, content]) => el("p", {}, el("code", {}, type), ": ", kind(content.schema))),
    headers.length ? table(headers.map(([name, header]) => [name, header.schema, header.required, header.description])) : null,
    examples.map(([name, example]) => [
      el("h5", {}, el("a", { href: `problems/${name}` }, name)), prose(resolve(example).description),
      el("pre", {}, JSON.stringify(resolve(example).value, null, 2))]).flat());
}

function operation(path, method, described) {
  const body = Object.entries(described.requestBody?.content ?? {});
  const parameters = (described.parameters ?? []).map((one) =>
    [one.name, one.schema, one.required, `${one.description ?? ""} (${one.in})`]);
  const open = described.security?.some((one) => !Object.keys(one).length) || described.security?.length === 0;
  return el("section", { id: `${method}-${path}` },
    el("h3", { class: "path" }, el("span", { class: `method ${method}` }, method.toUpperCase()), " ", el("code", {}, path)),
    prose(described.summary), prose(described.description),
    el("p", { class: "kind" }, method === "told" ? "Signed, and sent by this service." : open ? "No token needed." : "With a token."),
    parameters.length ? [el("h4", {}, "Parameters"), table(parameters)] : null,
    body.length ? [el("h4", {}, "Body"), ...body.map(([type, content]) => el("p", {}, el("code", {}, type), ": ", kind(content.schema)))] : null,
    el("h4", {}, "Answers"), Object.entries(described.responses).map(answer));
}

const operations = Object.entries(document_.paths).flatMap(([path, item]) =>
  METHODS.filter((method) => item[method]).map((method) => ({ path, method, described: item[method] })))
  .concat(Object.entries(document_.webhooks).map(([path, item]) => ({ path, method: "told", described: item.post })));
const schemas = Object.entries(document_.components.schemas);
const main = document.getElementById("main");
const contents = document.getElementById("contents");

main.append(el("h1", {}, `${document_.info.title} ${document_.info.version}`), ...prose(document_.info.description),
  el("p", {}, el("a", { href: "openapi.json" }, "openapi.json")));
for (const tag of document_.tags) {
  const own = operations.filter(({ described }) => described.tags.includes(tag.name));
  main.append(el("h2", {}, tag.name), ...prose(tag.description), ...own.map((one) => operation(one.path, one.method, one.described)));
  contents.append(el("h2", {}, tag.name), ...own.map((one) =>
    el("a", { href: `#${one.method}-${one.path}` }, el("span", { class: `method ${one.method}` }, one.method.toUpperCase()), " ", one.path)));
}
main.append(el("h2", {}, "schemas"), ...schemas.map(([name, schema]) =>
  el("section", { id: `schema-${name}` }, el("h3", {}, el("code", {}, name)), prose(schema.description),
    schema.properties ? table(properties(schema)) : el("p", { class: "kind" }, kind(schema)))));
contents.append(el("h2", {}, "schemas"), ...schemas.map(([name]) => el("a", { href: `#schema-${name}` }, name)));
if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
