// The token of the console page: both lie on the same origin and share it through sessionStorage.

import { SERVICE } from './calls.js';
import { h } from './dom.js';

const KEY = 'yourbit-video-token';

/** The token that is used now; empty for none. */
export const currentToken = () => sessionStorage.getItem(KEY) ?? '';

/** A field for the token. What is typed is kept for the other forms, and for the console page in this tab. */
export function tokenField({ id }) {
  const input = h('input', { type: 'password', id: `${id}-token`, autocomplete: 'off', spellcheck: 'false', 'aria-describedby': `${id}-token-hint` });
  input.value = currentToken();
  const hint = h('p', { class: 'hint', id: `${id}-token-hint` });
  const tell = async () => { hint.textContent = await describe(currentToken()); };
  input.addEventListener('change', () => {
    const token = input.value.trim().replace(/^Bearer\s+/i, '');
    if (token) sessionStorage.setItem(KEY, token);
    else sessionStorage.removeItem(KEY);
    tell();
  });
  tell();
  return {
    element: h('div', { class: 'field' }, h('label', { for: input.id }, 'Token'), input, hint),
    value: () => input.value.trim().replace(/^Bearer\s+/i, ''),
  };
}

/** Whose token it is, by the service's word. */
async function describe(token) {
  if (!token) return 'None yet. Type one, or sign in to the console page in this tab. It ends with the tab.';
  try {
    const answer = await fetch(new URL('v1/session', SERVICE), { headers: { Authorization: `Bearer ${token}` } });
    if (!answer.ok) return 'The service refuses this token.';
    const { sub, scopes } = await answer.json();
    return `Of ${sub}: ${scopes.join(', ')}. It is kept in this tab alone.`;
  } catch {
    return 'The service does not answer.';
  }
}
