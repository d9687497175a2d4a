// The first page: drop files, say what they are, see one's videos.

import { UploadCard } from './cards.js';
import { field, fill, freshId, h } from './dom.js';
import { bytes, clock, titleOf } from './format.js';
import { icon } from './icons.js';
import { VideoList } from './list.js';
import { snippet, uploadSnippet } from './snippets.js';
import { problemBox } from './words.js';

const POLICIES = [
  ['', 'As the service is set up', 'The service’s own default.'],
  ['signed', 'Signed', 'Plays only with addresses that the service signs for a while.'],
  ['public', 'Public', 'Plays for everybody who has its address.'],
];

/** `{element, title, close()}`. */
export function homePage({ api, session, uploads, go }) {
  const offer = session.info?.uploads ?? null;
  const list = new VideoList(api, { session, hidden: (id) => uploads.shown.some((one) => one.video?.id === id) });
  const drop = dropZone((files) => stage(files), offer);
  const sending = h('ul', { class: 'uploads', 'aria-label': 'Uploads of this tab' });
  const notes = h('div');
  const curl = h('details', { class: 'panel' }, h('summary', {}, h('h2', {}, 'Upload from a terminal')),
    h('div', { class: 'panel-body' }, snippet('Two commands', uploadSnippet(lastDescriptor(uploads)))));
  let cards = new Map();

  /** Files that were chosen, before they are sent. */
  function stage(files) {
    const form = stagingForm(files, offer, {
      onStart(choices) {
        fill(drop.slot, drop.zone);
        const begun = choices.map(({ file, ...more }) => uploads.add(file, more));
        if (begun.length === 1) begun[0].addEventListener('begun', () => go(`#/videos/${begun[0].video.id}`), { once: true });
      },
      onCancel() {
        fill(drop.slot, drop.zone);
        drop.zone.querySelector('button').focus();
      },
    });
    fill(drop.slot, form);
    form.querySelector('input')?.select();
  }

  function draw() {
    const shown = uploads.shown;
    for (const [upload, card] of cards) if (!shown.includes(upload)) card.close();
    const onCancelFailed = (error) => fill(notes, problemBox(error));
    cards = new Map(shown.map((upload) => {
      const known = cards.get(upload);
      const named = known && Boolean(known.upload.video) === known.named;
      if (known && !named) known.close();
      const card = named ? known : Object.assign(new UploadCard(upload, { uploads, onCancelFailed }), { named: Boolean(upload.video) });
      return [upload, card];
    }));
    fill(sending, [...cards.values()].map((card) => card.element));
    sending.hidden = cards.size === 0;
  }

  const changed = () => {
    draw();
    if (session.mayList) list.load();
  };
  uploads.addEventListener('change', changed);
  uploads.addEventListener('begun', draw);
  draw();
  if (session.mayList) list.load();
  if (!session.mayUpload) drop.close();
  const parts = [
    session.mayUpload ? drop.slot : h('p', { class: 'hint', id: 'no-upload' }, 'This token uploads no videos.'), sending, notes,
    session.mayList ? list.element : h('p', { class: 'hint', id: 'no-list' }, 'This token lists no videos: open one by its address.'),
    session.mayUpload ? curl : null,
  ];
  return {
    title: 'Videos',
    element: h('div', { class: 'page' }, h('h1', { class: 'visually-hidden', tabindex: '-1' }, 'Videos'), parts),
    enter() {},
    leave() {},
    close() {
      uploads.removeEventListener('change', changed);
      uploads.removeEventListener('begun', draw);
      for (const card of cards.values()) card.close();
      list.close();
      drop.close();
    },
  };
}

function lastDescriptor(uploads) {
  return uploads.latest?.descriptor ?? null;
}

/** A place to drop files on; the whole window takes them. */
function dropZone(onFiles, offer) {
  const accept = offer?.content_types.length > 0 ? offer.content_types.join(',') : 'video/*,audio/*,.mkv,.mov,.ts';
  const input = h('input', { type: 'file', accept, multiple: true, class: 'visually-hidden', id: 'file', tabindex: '-1', 'aria-hidden': 'true' });
  input.addEventListener('change', () => {
    if (input.files.length > 0) onFiles([...input.files]);
    input.value = '';
  });
  const zone = h('div', { class: 'drop' }, h('span', { class: 'drop-icon' }, icon('upload')),
    h('p', { class: 'drop-title' }, 'Drop a video here'),
    h('p', { class: 'hint' }, limitsOf(offer) || 'or'),
    h('button', { type: 'button', class: 'primary', id: 'choose', onclick: () => input.click() }, 'Choose a file'), input);
  const slot = h('div', { class: 'slot' }, zone);

  const hasFiles = (event) => event.dataTransfer?.types.includes('Files');
  const over = (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'copy';
    zone.classList.add('over');
  };
  const leave = (event) => event.relatedTarget === null && zone.classList.remove('over');
  const dropped = (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    zone.classList.remove('over');
    if (event.dataTransfer.files.length > 0) onFiles([...event.dataTransfer.files]);
  };
  const listeners = [['dragover', over], ['dragleave', leave], ['drop', dropped]];
  for (const [name, listener] of listeners) addEventListener(name, listener);
  return {
    zone,
    slot,
    close() {
      for (const [name, listener] of listeners) removeEventListener(name, listener);
    },
  };
}

/** What a file may be at most, in a sentence; empty where nothing is limited. */
function limitsOf(offer) {
  const most = [offer?.max_bytes && bytes(offer.max_bytes), offer?.max_duration_s && `${clock(offer.max_duration_s)} long`];
  const said = most.filter(Boolean);
  return said.length > 0 ? `at most ${said.join(' and ')}` : '';
}

/** Title and policy of each file. A file that is too large is not sent. */
function stagingForm(files, offer, { onStart, onCancel }) {
  const most = offer?.max_bytes ?? Infinity;
  const tooLarge = files.filter((file) => file.size > most);
  if (tooLarge.length > 0) {
    const names = tooLarge.map((file) => `${file.name} (${bytes(file.size)})`).join(', ');
    return h('div', { class: 'staging' },
      h('div', { class: 'problem', role: 'alert' }, icon('warning'), h('p', {}, `Larger than the ${bytes(most)} that are allowed: ${names}.`)),
      h('div', { class: 'actions' }, h('button', { type: 'button', class: 'quiet', onclick: onCancel }, 'Choose another file')));
  }
  const rows = files.map((file) => {
    const input = h('input', { type: 'text', maxlength: '512', value: titleOf(file.name), autocomplete: 'off' });
    const doubt = file.type && !/^(video|audio)\//.test(file.type) ? ' · this does not look like a video' : '';
    return { file, input, row: field(files.length > 1 ? `Title of ${file.name}` : 'Title', input, `${file.name} · ${bytes(file.size)}${doubt}`) };
  });
  const group = freshId('policy');
  // The service's own default is among what it offers, or there is nothing to choose.
  const offered = POLICIES.filter(([value]) => value === '' || (offer?.policies ?? [value]).includes(value));
  const radios = offered.map(([value, name, hint], at) => h('label', { class: 'choice' },
    h('input', { type: 'radio', name: group, value, checked: at === 0 }),
    h('span', {}, h('strong', {}, name), h('span', { class: 'hint' }, hint))));
  const form = h('form', { class: 'staging', 'aria-label': 'New upload' }, rows.map((one) => one.row),
    h('fieldset', { hidden: offered.length < 3 }, h('legend', {}, 'Who may play it'), h('div', { class: 'choices' }, radios)),
    h('div', { class: 'actions' },
      h('button', { type: 'submit', class: 'primary' }, icon('upload'), files.length > 1 ? `Upload ${files.length} videos` : 'Upload'),
      h('button', { type: 'button', class: 'quiet', onclick: onCancel }, 'Not now')));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const policy = form.elements[group].value;
    onStart(rows.map(({ file, input }) => ({ file, title: input.value.trim() || titleOf(file.name), policy })));
  });
  return form;
}
