// The console: which page is shown, and what they share.

import { readAddress, replaceQuery } from './address.js';
import { Api } from './api.js';
import { fill, h } from './dom.js';
import { homePage } from './home.js';
import { navigation } from './navigation.js';
import { PAGES } from './pages.js';
import { Session } from './session.js';
import { Uploads } from './uploads.js';
import { whoAmI } from './who.js';
import { problemBox } from './words.js';

const session = new Session();
const api = new Api(session);
const uploads = new Uploads(api, session);
const main = document.getElementById('main');
const links = navigation(session);
/** The page that is shown, and the list of videos, which stays while others are shown. */
let [page, home] = [null, null];
let rounds = 0;
session.takeFromAddress();

const go = (hash) => {
  if (location.hash === hash) show();
  else location.hash = hash;
};

/** Asks what the token may do, so that the page offers only that. Without an answer the token's own claims count. */
async function learnRights() {
  const { token } = session;
  const info = await api.session().catch(() => null);
  if (session.token === token && info) session.learn(info);
}

/** Opens the page of the address. */
async function openPage(path, query) {
  const context = { api, uploads, session, go, query };
  if (!session.token) {
    const { signInPage } = await import('./sign_in.js');
    return signInPage(context);
  }
  for (const { pattern, open } of PAGES) {
    const match = pattern.exec(path);
    if (match) return open(context, match);
  }
  home ??= homePage(context);
  return home;
}

/** The page of the address, or the question for a token. */
async function show() {
  rounds += 1;
  const round = rounds;
  const { path, query: asked } = readAddress();
  let query = asked;
  // The way back to the list leads to the list as it was.
  if (path === '' && query.size === 0 && home && page !== home) {
    query = home.query;
    replaceQuery('', query);
  }
  links.show(session.token ? path : null);
  main.setAttribute('aria-busy', 'true');
  // Why not for the list: it asks for its videos at the same time.
  const rights = session.token && session.info === null ? learnRights() : null;
  const needsRights = session.token && path !== '';
  try {
    if (needsRights) await rights;
    const next = await openPage(path, query);
    if (round !== rounds) return next === home ? undefined : next.close();
    change(next, query);
  } catch (error) {
    // Why: a file of the page that does not come is most often a lost connection.
    if (round === rounds) change(failedPage(error), query);
  } finally {
    if (round === rounds) main.removeAttribute('aria-busy');
  }
}

function change(next, query) {
  const first = page === null;
  if (page !== next) leave();
  page = next;
  if (main.firstElementChild !== next.element) fill(main, next.element);
  document.title = `${next.title} · Yourbit Video`;
  if (next.enter?.(query) || first) return;
  scrollTo(0, 0);
  main.querySelector('h1')?.focus({ preventScroll: true });
}

function leave() {
  if (page && page === home) home.leave();
  else page?.close();
}

/** Another token: nothing that was shown is of its owner. */
function restart() {
  const old = home;
  home = null;
  // The page that is shown is closed when the next one comes.
  if (old !== page) old?.close();
  show();
}

function failedPage(error) {
  return {
    title: 'Not loaded',
    element: h('div', { class: 'page' }, h('h1', { tabindex: '-1' }, 'This page did not load'),
      problemBox(error, { retry: () => location.reload(), label: 'Reload the page' })),
    close() {},
  };
}

whoAmI(session, document.getElementById('who'));
history.scrollRestoration = 'manual';
session.addEventListener('change', restart);
addEventListener('hashchange', () => {
  if (!session.takeFromAddress()) show();
});
// Why not the link's own way: the part behind the `#` is the address of a page.
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});
// A file that misses the page must not replace it.
for (const name of ['dragover', 'drop']) addEventListener(name, (event) => event.preventDefault());
show();
