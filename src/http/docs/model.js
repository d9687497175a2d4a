// The OpenAPI document, and questions to it.

const METHODS = ['get', 'post', 'patch', 'put', 'delete'];

/** The name of a schema, from a reference to it. */
export const nameOf = (ref) => ref.split('/').pop();

/** The document. */
export class Model {
  constructor(document) {
    this.document = document;
    this.schemas = document.components.schemas;
    this.examples = document.components.examples;
    const called = Object.entries(document.paths).flatMap(([path, item]) =>
      METHODS.filter((method) => item[method]).map((method) => operationOf(path, method, item[method])));
    const told = Object.entries(document.webhooks).map(([type, item]) => operationOf(type, 'event', item.post));
    this.operations = [...called, ...told];
  }

  /** `[{name, description, operations}]`, in the order of the document. */
  get groups() {
    return this.document.tags.map(({ name, description }) => (
      { name, description, operations: this.operations.filter(({ tag }) => tag === name) }));
  }

  /** What a reference leads to; anything else as it is. */
  resolve(value) {
    return value?.$ref ? value.$ref.slice(2).split('/').reduce((at, key) => at[key], this.document) : value;
  }
}

/** What the page needs of an operation. `id` is the end of its address on the page: `uploads-create`. */
function operationOf(path, method, described) {
  const security = described.security;
  const isTold = method === 'event';
  return {
    path,
    method,
    described,
    isTold,
    id: described.operationId.replaceAll('_', '-'),
    tag: described.tags[0],
    isOpen: security !== undefined && security.length === 0,
    isGuarded: path.startsWith('/v1/webhooks/'),
    scopes: [...new Set((security ?? []).flatMap((one) => one.bearer ?? []))],
    parameters: described.parameters ?? [],
    body: described.requestBody?.content?.['application/json'] ?? null,
    bodyRequired: described.requestBody?.required !== false,
    ...textsOf(described),
  };
}

/** The sentence on scopes stands apart from the other prose. */
function textsOf({ summary, description = '' }) {
  const paragraphs = description.split(/\n\s*\n/);
  const isNeeds = (text) => text.startsWith('Scopes: ');
  return {
    summary: summary ?? '',
    needs: paragraphs.find(isNeeds)?.slice('Scopes: '.length) ?? '',
    description: paragraphs.filter((text) => !isNeeds(text)).join('\n\n'),
  };
}

/** Refusals of an operation: `[{status, code}]`. */
export function refusalsOf(operation) {
  return Object.entries(operation.described.responses).filter(([status]) => status >= '400')
    .flatMap(([status, answer]) => Object.keys(answer.content?.['application/problem+json']?.examples ?? {})
      .map((code) => ({ status, code })));
}

/** Answers that are no refusals: `[{status, answer}]`. */
export function answersOf(operation) {
  return Object.entries(operation.described.responses).filter(([status]) => !(status >= '400' && /^\d/.test(status)))
    .map(([status, answer]) => ({ status, answer }));
}
