// Schemas in words: types, rules and members.

import { h, prose } from './dom.js';
import { nameOf } from './model.js';

/** A row of a table of members: name, schema, whether it must be there, and what is said of it. */
export function memberList(rows) {
  return h('dl', { class: 'members' }, rows.map(({ name, schema, required, text, where }) => h('div', {},
    h('dt', {}, h('code', {}, name), required ? h('span', { class: 'required' }, 'required') : null, where ? h('span', { class: 'where' }, where) : null),
    h('dd', {}, h('p', { class: 'kind' }, kind(schema)), prose(text ?? described(schema))))));
}

/** The members of an object's schema, as rows. */
export function membersOf(schema) {
  return Object.entries(schema.properties ?? {}).map(([name, property]) => (
    { name, schema: property, required: schema.required?.includes(name) && schema.additionalProperties === false }));
}

/** What is said of a schema, or of the one form of it that is not null. */
function described(schema = {}) {
  const form = (schema.oneOf ?? []).find((one) => one.type !== 'null');
  return schema.description ?? form?.description ?? '';
}

/** What a schema allows, in a few words, with links to the named ones. */
export function kind(schema = {}) {
  if (schema.$ref) return [h('a', { href: `#schema-${nameOf(schema.$ref)}` }, nameOf(schema.$ref))];
  if (schema.allOf) return schema.allOf.flatMap(kind);
  const either = schema.oneOf ?? schema.anyOf;
  if (either) return either.flatMap((one, index) => (index ? [' or ', ...kind(one)] : kind(one)));
  if (schema.enum) return listed(schema.enum);
  if (schema.const !== undefined) return listed([schema.const]);
  if (schema.type === 'array') return ['list of ', ...kind(schema.items), rules(lengthRules(schema, 'Items', 'entries'))];
  if (schema.type === 'object' && schema.additionalProperties?.type) return ['map of ', ...kind(schema.additionalProperties)];
  const name = [schema.type ?? 'anything'].flat().join(' or ');
  return [name + (schema.format ? ` (${schema.format})` : ''), rules(boundsOf(schema)), patternOf(schema)];
}

const listed = (values) => values.flatMap((value, index) => [index ? ' | ' : null, h('code', {}, JSON.stringify(value))]);
const rules = (all) => (all.length ? `, ${all.join(', ')}` : null);

function boundsOf(schema) {
  return [
    schema.minimum !== undefined && `≥ ${schema.minimum}`,
    schema.maximum !== undefined && `≤ ${schema.maximum}`,
    schema.default !== undefined && `else ${JSON.stringify(schema.default)}`,
    ...lengthRules(schema, 'Length', 'characters'),
  ].filter(Boolean);
}

function lengthRules(schema, what, words) {
  const [least, most] = [schema[`min${what}`], schema[`max${what}`]];
  if (least !== undefined && most !== undefined) return [`${least} to ${most} ${words}`];
  if (most !== undefined) return [`≤ ${most} ${words}`];
  return least === undefined ? [] : [`≥ ${least} ${words}`];
}

/** The pattern, but for the one that only forbids U+0000. */
function patternOf({ pattern }) {
  return pattern && !pattern.includes('u0000') ? [', ', h('code', {}, pattern)] : null;
}

/** One schema of the document, as a section. */
export function schemaSection(name, schema) {
  const rows = membersOf(schema);
  return h('section', { id: `schema-${name}`, class: 'schema' },
    h('h3', { tabindex: '-1' }, h('a', { href: `#schema-${name}` }, h('code', {}, name))),
    prose(schema.description), rows.length ? memberList(rows) : h('p', { class: 'kind' }, kind(schema)));
}

/** The content of an answer or a body: its type, and the schema's name. */
export function contentLine(type, content) {
  return h('p', { class: 'kind' }, h('code', {}, type), content.schema ? [' ', ...kind(content.schema)] : null);
}

/** Headers of an answer, as rows. */
export const headerRows = (headers = {}) => Object.entries(headers).filter(([name]) => name !== 'x-request-id')
  .map(([name, header]) => ({ name, schema: header.schema, text: header.description }));
