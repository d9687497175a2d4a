// One call in three languages, made of the document. No token ever stands in it: it comes from the variable TOKEN.

/** Where the service is, with a slash at the end: the page is at `docs` below it. */
export const SERVICE = new URL('./', document.baseURI);
const BASE = SERVICE.href.replace(/\/$/, '');

/** The languages: their names, and how each writes a call. */
export const LANGUAGES = [
  { name: 'curl', write: writeCurl },
  { name: 'JavaScript', write: writeJavaScript },
  { name: 'Python', write: writePython },
];

/** The call of an operation with its example values. */
export function exampleCall(operation) {
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name) => {
    const parameter = operation.parameters.find((one) => one.in === 'path' && one.name === name);
    return encodeURIComponent(parameter?.example ?? name);
  });
  const { body } = operation;
  return {
    method: operation.method.toUpperCase(),
    address: `${BASE}${path}`,
    hasToken: !operation.isOpen,
    body: body && body.example !== undefined ? body.example : undefined,
    kind: answerKind(operation),
  };
}

/** How the answer is read: json, stream, or text. */
function answerKind({ described }) {
  const ok = Object.entries(described.responses).find(([status]) => status.startsWith('2'));
  const types = Object.keys(ok?.[1].content ?? {});
  if (types.includes('text/event-stream')) return 'stream';
  return types.includes('application/json') ? 'json' : 'text';
}

/** A text as one word of a shell. */
const word = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function writeCurl({ method, address, hasToken, body, kind }) {
  const lines = [`curl -sS${kind === 'stream' ? 'N' : ''}${method === 'GET' ? '' : ` -X ${method}`} ${word(address)}`];
  if (hasToken) lines.push('-H "Authorization: Bearer $TOKEN"');
  if (body !== undefined) lines.push("-H 'Content-Type: application/json'", `-d ${word(JSON.stringify(body, null, 2))}`);
  return lines.join(' \\\n  ');
}

function writeJavaScript({ method, address, hasToken, body, kind }) {
  const headers = [
    hasToken && '    Authorization: `Bearer ${token}`,',
    body !== undefined && "    'Content-Type': 'application/json',",
  ].filter(Boolean);
  const options = [
    method === 'GET' ? null : `  method: '${method}',`,
    headers.length ? `  headers: {\n${headers.join('\n')}\n  },` : null,
    body === undefined ? null : `  body: JSON.stringify(${indented(JSON.stringify(body, null, 2), '  ')}),`,
  ].filter(Boolean);
  const call = options.length ? `fetch('${address}', {\n${options.join('\n')}\n})` : `fetch('${address}')`;
  return `${hasToken ? 'const token = process.env.TOKEN; // in a page: from your backend\n' : ''}const response = await ${call};\n${readInJavaScript(kind)}`;
}

function readInJavaScript(kind) {
  if (kind === 'stream') return 'for await (const part of response.body.pipeThrough(new TextDecoderStream())) console.log(part);';
  return `console.log(response.status, await response.${kind === 'json' ? 'json' : 'text'}());`;
}

function writePython({ method, address, hasToken, body, kind }) {
  const given = [
    `    "${address}",`,
    hasToken && '    headers={"Authorization": f"Bearer {os.environ[\'TOKEN\']}"},',
    body !== undefined && `    json=${indented(inPython(body), '    ')},`,
    kind === 'stream' && '    stream=True,',
    `    timeout=${kind === 'stream' ? '(10, None)' : '10'},`,
  ].filter(Boolean);
  return `${hasToken ? 'import os\n\n' : ''}import requests\n\nresponse = requests.${method.toLowerCase()}(\n${given.join('\n')}\n)\n${readInPython(kind)}`;
}

function readInPython(kind) {
  if (kind === 'stream') return 'for line in response.iter_lines(decode_unicode=True):\n    print(line)';
  return `print(response.status_code, response.${kind === 'json' ? 'json()' : 'text'})`;
}

/** A JSON value as a literal of Python. */
function inPython(value, indent = '') {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value !== 'object') return JSON.stringify(value);
  const inner = `${indent}    `;
  const rows = Array.isArray(value)
    ? value.map((one) => `${inner}${inPython(one, inner)},`)
    : Object.entries(value).map(([name, one]) => `${inner}${JSON.stringify(name)}: ${inPython(one, inner)},`);
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  return rows.length ? `${open}\n${rows.join('\n')}\n${indent}${close}` : `${open}${close}`;
}

const indented = (text, indent) => text.replaceAll('\n', `\n${indent}`);
