// How the service is set up: its providers, the addresses to give them, its endpoints, secrets and settings.

import { AdminApi } from './admin_api.js';
import { copyButton } from './copy.js';
import { field, fill, h } from './dom.js';
import { bytes, clock } from './format.js';
import { icon } from './icons.js';
import { problemBox } from './words.js';

/** What a map can do, as people say it. */
const CAPABILITIES = {
  quality: 'quality can be chosen', cancel: 'uploads can be cancelled', delete: 'videos can be deleted', list: 'lists its videos',
  find: 'finds a video by its playback id', update: 'is told of changed titles', look_up: 'can be asked about a video', thumbnails: 'pictures', webhooks: 'webhooks',
  tracks: 'captions', sound_tracks: 'further sounds', generated_tracks: 'writes captions',
};
const SOURCES = { default: 'default', file: 'file', environment: 'environment' };

/** `{element, title, close()}`. */
export function setupPage({ api }) {
  const admin = new AdminApi(api);
  const body = h('div', { class: 'below' }, h('p', { class: 'hint' }, 'Reading the setup…'));
  const element = h('div', { class: 'page wide-page', 'aria-busy': 'true' }, h('h1', { tabindex: '-1' }, 'Setup'), body);
  let closed = false;
  const read = async () => {
    try {
      const setup = await admin.setup();
      if (closed) return;
      fill(body, warnings(setup), setup.providers.map(providerPanel), secretsPanel(setup), endpointsPanel(setup), settingsPanel(setup),
        h('p', { class: 'hint' }, `Release ${setup.version}. No secret is on this page: of each it says whether it is set.`));
    } catch (error) {
      if (!closed) fill(body, problemBox(error, { retry: read }));
    } finally {
      element.removeAttribute('aria-busy');
    }
  };
  read();
  return { title: 'Setup', element, close() { closed = true; } };
}

const yesNo = (set, optional = false) => h('span', { class: 'set', 'data-set': set ? 'yes' : optional ? 'optional' : 'no' }, icon(set ? 'check' : optional ? 'close' : 'warning'), set ? 'set' : optional ? 'not set, may be left out' : 'not set: what needs it is off');

function rows(pairs) {
  return h('dl', { class: 'rows' }, pairs.filter(([, value]) => value).map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));
}

function warnings({ warnings: lines, development }) {
  const all = [development && 'Development mode: no setting of [auth] is made, and only this machine may call.', ...lines].filter(Boolean);
  if (all.length === 0) return null;
  return h('div', { class: 'alert', 'data-level': 'warn' }, icon('warning'), h('div', {}, h('h2', {}, 'What the start said'), h('ul', {}, all.map((line) => h('li', {}, line)))));
}

function providerPanel(provider) {
  const webhook = provider.webhook_url && h('span', { class: 'copied' }, h('code', {}, provider.webhook_url), copyButton(provider.webhook_url, `Copy the webhook address of ${provider.name}`));
  const limits = [provider.max_bytes && bytes(provider.max_bytes), provider.max_duration_s && clock(provider.max_duration_s)].filter(Boolean).join(', ');
  const state = provider.out_of_order ? ['errored', 'Out of order'] : provider.default ? ['ready', 'Default'] : provider.enabled ? ['preparing', 'Enabled'] : ['', 'For its old videos'];
  return h('section', { class: 'panel plain' },
    h('div', { class: 'section-head' }, h('h2', {}, 'Provider ', h('code', {}, provider.name)), h('span', { class: 'pill', 'data-status': state[0] }, state[1])),
    provider.out_of_order ? h('div', { class: 'quote' }, h('p', {}, provider.out_of_order)) : null,
    rows([
      ['Webhooks go to', webhook ?? (provider.capabilities.includes('webhooks') ? 'this service by itself' : 'none: the provider is asked instead')],
      ['Files are sent by', h('code', {}, provider.protocol)],
      ['Plays', provider.policies.join(', ') || 'nothing'],
      ['Can do', provider.capabilities.map((name) => CAPABILITIES[name] ?? name).join(', ')],
      ['An upload must have', provider.requires.join(', ')],
      ['Playback takes', provider.params.join(', ')],
      ['Its own limits', limits],
      ['Map', [provider.file, ...provider.extends.map((name) => `extends ${name}`)].join(', ')],
      ['Account', provider.account === provider.name ? null : `that of ${provider.account}`],
    ]),
    provider.variables.length > 0 ? h('h3', {}, 'Its variables') : null,
    h('ul', { class: 'variables' }, provider.variables.map((one) => h('li', {}, h('code', {}, one.name), yesNo(one.set, one.optional)))));
}

function secretsPanel({ secrets }) {
  return h('section', { class: 'panel plain' }, h('h2', {}, 'Secrets of the service'),
    h('ul', { class: 'variables' }, secrets.map((one) => h('li', {}, h('code', {}, one.variable), yesNo(one.set, true), h('span', { class: 'hint' }, one.meaning)))));
}

function endpointsPanel({ endpoints }) {
  const list = endpoints.map((one) => rows([
    ['Address', h('span', { class: 'copied' }, h('code', {}, one.url), copyButton(one.url, 'Copy the address of the endpoint'))],
    ['Is told of', one.types.join(', ')],
    ['Signed with', h('code', {}, one.secrets_env)],
  ]));
  return h('section', { class: 'panel plain' }, h('h2', {}, 'Endpoints of the application'), list.length > 0 ? list : h('p', { class: 'hint' }, 'None: the application is told nothing. Set events.endpoints to tell it.'));
}

/** Every setting, with a field that finds and a box that leaves defaults out. */
function settingsPanel({ settings }) {
  const search = h('input', { type: 'text', autocomplete: 'off', spellcheck: 'false', placeholder: 'http.listen' });
  const changed = h('input', { type: 'checkbox' });
  const list = h('div', { class: 'settings' });
  const said = h('p', { class: 'hint', 'aria-live': 'polite' });
  const draw = () => {
    const words = search.value.trim().toLowerCase();
    const found = settings.filter((one) => (!changed.checked || one.source !== 'default') && `${one.key} ${one.meaning}`.toLowerCase().includes(words));
    fill(list, found.map(settingRow));
    said.textContent = `${found.length} of ${settings.length} settings`;
  };
  search.addEventListener('input', draw);
  changed.addEventListener('change', draw);
  draw();
  return h('section', { class: 'panel plain' }, h('h2', {}, 'Settings as they hold'),
    h('div', { class: 'filter' }, field('Find', search), h('label', { class: 'check' }, changed, 'Only those that a file or variable sets')), said, list);
}

function settingRow({ key, value, source, origin, meaning }) {
  return h('details', { class: 'setting' },
    h('summary', {}, h('code', { class: 'key' }, key), h('code', { class: 'value' }, JSON.stringify(value)), h('span', { class: 'hint' }, SOURCES[source])),
    h('p', {}, meaning), origin ? h('p', { class: 'hint' }, 'Set by ', h('code', {}, origin)) : null);
}
