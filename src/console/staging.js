// Files that were chosen, before they are sent: what they are called, and who may play them.

import { field, fill, freshId, h } from './dom.js';
import { bytes, titleOf } from './format.js';
import { icon } from './icons.js';

const POLICIES = [
  ['', 'As the service is set up', 'The service’s own default.'],
  ['signed', 'Signed', 'Plays only with addresses that the service signs for a while.'],
  ['public', 'Public', 'Plays for everybody who has its address.'],
];

/**
 * A form for these files, of which only those that the service takes are sent. `stored(file)` resolves with what is known
 * of an upload of the same file that was broken off, or null. `onStart([{file, title, policy, provider}])`, `onCancel()`.
 */
export function stagingForm(files, offer, { onStart, onCancel, stored }) {
  const refused = files.map((file) => [file, refusalOf(file, offer)]).filter(([, reason]) => reason);
  const taken = files.filter((file) => !refused.some(([one]) => one === file));
  const notice = refused.length > 0 ? refusals(refused) : null;
  if (taken.length === 0) {
    return h('div', { class: 'staging' }, notice,
      h('div', { class: 'actions' }, h('button', { type: 'button', class: 'quiet', onclick: onCancel }, 'Choose another file')));
  }
  const rows = taken.map((file, at) => fileRow(file, taken.length > 1 ? `Title of file ${at + 1}` : 'Title', stored));
  const policy = policyChoice(offer);
  const provider = providerChoice(offer);
  const form = h('form', { class: 'staging', 'aria-label': 'New upload' }, notice, rows.map((one) => one.element), policy.element, provider?.element,
    h('div', { class: 'actions' },
      h('button', { type: 'submit', class: 'primary' }, icon('upload'), taken.length > 1 ? `Upload ${taken.length} videos` : 'Upload'),
      h('button', { type: 'button', class: 'quiet', onclick: onCancel }, 'Not now')));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    onStart(rows.map(({ file, title }) => ({ file, title: title(), policy: policy.value(), provider: provider?.value() ?? '' })));
  });
  return form;
}

/** Why the service would not take this file; empty where it would. */
function refusalOf(file, offer) {
  if (file.size === 0) return 'The file is empty.';
  if (offer?.max_bytes && file.size > offer.max_bytes) return `${bytes(file.size)} is larger than the ${bytes(offer.max_bytes)} that are allowed.`;
  const types = offer?.content_types ?? [];
  const fits = types.some((type) => type === file.type || (type.endsWith('/*') && file.type.startsWith(type.slice(0, -1))));
  // A file without a type is judged by the service, by the ending of its name.
  if (types.length > 0 && file.type && !fits) return `Files of the type ${file.type} are not allowed: ${types.join(', ')} are.`;
  return '';
}

function refusals(refused) {
  return h('div', { class: 'problem', role: 'alert' }, icon('warning'), h('div', {},
    h('p', {}, refused.length > 1 ? 'These files are not sent:' : 'This file is not sent:'),
    h('ul', { class: 'failures' }, refused.map(([file, reason]) => h('li', {}, h('bdi', {}, file.name), `: ${reason}`)))));
}

/** One file: its title, its name, its size. */
function fileRow(file, label, stored) {
  const input = h('input', { type: 'text', maxlength: '512', value: titleOf(file.name), autocomplete: 'off', dir: 'auto' });
  const doubt = file.type && !/^(video|audio)\//.test(file.type) ? ' · this does not look like a video' : '';
  const hint = h('span', {}, h('bdi', {}, file.name), ` · ${bytes(file.size)}${doubt}`);
  const element = field(label, input, hint);
  const again = h('p', { class: 'resumes', role: 'status' });
  element.append(again);
  let known = null;
  // Where the client does not load, the upload itself says so.
  stored(file).catch(() => null).then((one) => {
    if (!one) return;
    known = one;
    fill(again, icon('refresh'), 'An upload of this file was broken off. It goes on where it stopped, under its title of then.');
    input.disabled = true;
  });
  return { file, element, title: () => known?.video?.title || input.value.trim() || titleOf(file.name) };
}

/** The service's own default is among what it offers, or there is nothing to choose. */
function policyChoice(offer) {
  const group = freshId('policy');
  const offered = POLICIES.filter(([value]) => value === '' || (offer?.policies ?? [value]).includes(value));
  const radios = offered.map(([value, name, hint], at) => h('label', { class: 'choice' },
    h('input', { type: 'radio', name: group, value, checked: at === 0 }),
    h('span', {}, h('strong', {}, name), h('span', { class: 'hint' }, hint))));
  const element = h('fieldset', { hidden: offered.length < 3 }, h('legend', {}, 'Who may play it'), h('div', { class: 'choices' }, radios));
  return { element, value: () => element.querySelector(':checked').value };
}

/** Null where there is one provider alone. */
function providerChoice(offer) {
  const names = offer?.providers ?? [];
  if (names.length < 2) return null;
  const select = h('select', {}, h('option', { value: '' }, 'As the service is set up'), names.map((name) => h('option', { value: name }, name)));
  return { element: field('Provider', select), value: () => select.value };
}
