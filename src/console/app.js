// The console: which page is shown, and what they share.

import { Api } from './api.js';
import { fill } from './dom.js';
import { homePage } from './home.js';
import { Session } from './session.js';
import { signInPage, whoAmI } from './sign_in.js';
import { Uploads } from './uploads.js';
import { videoPage } from './video_page.js';

const session = new Session();
const api = new Api(session);
const uploads = new Uploads(api);
const main = document.getElementById('main');
let page = null;
let rounds = 0;
session.takeFromAddress();

const go = (hash) => {
  if (location.hash === hash) show();
  else location.hash = hash;
};

/** Asks what the token may do, so that the page offers only that. Without an answer it offers everything. */
async function learnRights() {
  const { token } = session;
  const info = await api.session().catch(() => null);
  if (session.token === token) session.info = info;
}

/** The page of the address, or the question for a token. */
async function show() {
  rounds += 1;
  const round = rounds;
  if (session.token && session.info === null) await learnRights();
  // Another page was asked for meanwhile.
  if (round !== rounds) return;
  const first = page === null;
  page?.close();
  const context = { api, uploads, session, go };
  const video = /^#\/videos\/([0-9a-f-]{36})$/i.exec(location.hash);
  if (!session.token) page = signInPage({ session });
  else page = video ? videoPage(context, video[1]) : homePage(context);
  fill(main, page.element);
  document.title = `${page.title} · Yourbit Video`;
  if (!first) {
    scrollTo(0, 0);
    main.querySelector('h1')?.focus({ preventScroll: true });
  }
}

whoAmI(session, document.getElementById('who'));
session.addEventListener('change', show);
addEventListener('hashchange', () => {
  if (!session.takeFromAddress()) show();
});
// A file that misses the page must not replace it.
for (const name of ['dragover', 'drop']) addEventListener(name, (event) => event.preventDefault());
show();
