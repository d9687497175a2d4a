// The corner of the page that says who is signed in.

import { fill, h } from './dom.js';
import { moment } from './format.js';
import { icon } from './icons.js';

/** The corner of the page that says who one is. */
export function whoAmI(session, corner) {
  const draw = () => {
    if (!session.token) return fill(corner);
    const { sub = 'unknown', exp } = session.claims;
    const until = typeof exp === 'number' ? `until ${moment(exp * 1000)}` : '';
    const away = h('button', { type: 'button', class: 'quiet small', id: 'change-token', title: until, onclick: () => session.forget() }, icon('key'), session.isDevelopment ? 'Use another token' : 'Sign out');
    fill(corner, h('span', { class: 'who' }, h('span', { class: 'visually-hidden' }, 'Signed in as '), h('bdi', {}, String(sub)),
      session.isAdmin ? h('span', { class: 'badge admin' }, 'admin') : null,
      session.isDevelopment ? h('span', { class: 'badge' }, 'development') : null), away);
  };
  session.addEventListener('change', draw);
  draw();
}
