// Where a token is pasted.

import { fill, h, field } from './dom.js';
import { icon } from './icons.js';
import { noticeBox } from './words.js';

const REASONS = {
  expired: 'Your token has expired. Paste a fresh one to go on; uploads that are under way go on meanwhile.',
  refused: 'The service does not accept this token. Check that it was made with the service’s own secret, and that it was copied whole.',
};

/** The same in development mode, where a new start makes the tokens of the last one void. */
const DEVELOPMENT_REASONS = {
  expired: 'Your token has expired. Uploads that are under way go on meanwhile.',
  refused: 'The service does not accept this token. It was perhaps started anew, or the link was not copied whole.',
};

/** How to get in: by a link of the terminal, or by an application's token. */
function ways(session) {
  const command = (text) => h('pre', { tabindex: '0', role: 'region', 'aria-label': 'Command' }, h('code', {}, text));
  if (!session.isDevelopment) {
    return [h('p', { class: 'lead' }, 'Paste a token that your application has made for one of its users. To try the service, make one yourself:'),
      command('yourbit-video token --sub me')];
  }
  return [h('p', { class: 'lead' }, 'This service is in development mode: open the link that it printed in its terminal when it started. Another one is printed by'),
    command('yourbit-video token --link'),
    h('p', {}, 'Or paste a token, such as one of ', h('code', {}, 'yourbit-video token --sub me'), '.')];
}

/** The way back to the token that was left, where there is one. */
function backButton(session) {
  const { left } = session;
  return left && h('button', { type: 'button', class: 'quiet', onclick: () => session.use(left) }, icon('back'), 'Go back without changing it');
}

/** `{element, title, close()}`. */
export function signInPage({ session }) {
  const problem = h('div');
  const input = h('input', { type: 'password', autocomplete: 'off', spellcheck: 'false', required: true, id: 'token' });
  const form = h('form', { class: 'staging' },
    field('Token', input, 'It stays in this tab and ends with it.'),
    h('div', { class: 'actions' }, h('button', { type: 'submit', class: 'primary' }, 'Continue'), backButton(session)));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (input.value.trim().split('.').length !== 3) {
      fill(problem, noticeBox('That is no token: it has three parts with dots between them.'));
      return;
    }
    session.use(input.value);
  });
  const reason = (session.isDevelopment ? DEVELOPMENT_REASONS : REASONS)[session.problem];
  return {
    title: 'Sign in',
    element: h('div', { class: 'page narrow' },
      h('h1', { tabindex: '-1' }, 'Whose videos?'),
      reason ? noticeBox(reason) : null,
      ways(session), form, problem),
    close() {},
  };
}
