// Signing in and out. The session itself is in a cookie that no script can read.

import {html, nothing} from './vendor/lit-html/lit-html.js';
import {modal} from './dialogs.js';
import {button} from './parts.js';
import {text} from './words.js';

const SESSIONS = '/v1/desk/sessions';
const ISSUER = '/v1/desk/oidc/start';
const OWN = {'Pasokh-Desk': '1', 'Content-Type': 'application/json', Accept: 'application/json'};

/** What stands behind `#`: a code to sign in by, or why an issuer signed nobody in. It is taken out of the address. */
export function readFragment(location, history) {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const found = {code: fragment.get('code'), error: fragment.get('sign-in-error')};
  if (found.code || found.error) history.replaceState(history.state, '', location.pathname + location.search);
  return found;
}

/** Open a session: `{workspace, agent, expires_at}`, or `{problem}`. */
export async function openSession(proof, language) {
  try {
    const answer = await fetch(SESSIONS, {
      method: 'POST',
      headers: {...OWN, 'Accept-Language': language},
      body: JSON.stringify(proof),
      credentials: 'same-origin',
    });
    const body = await answer.json().catch(() => ({}));
    return answer.ok ? body : {problem: problemOf(answer.status, body)};
  } catch {
    return {problem: 'unreachable'};
  }
}

/** The code of the sentence that says why nobody was signed in. */
function problemOf(status, body) {
  if (body.code === 'insecure_connection') return 'insecure';
  return {401: 'unknown', 429: 'too_many', 422: 'unknown'}[status] ?? 'failed';
}

/** The session of this browser; null: nobody is signed in; undefined: it cannot be known, since the server was not reached. */
export async function currentSession() {
  try {
    const answer = await fetch(`${SESSIONS}?limit=200`, {credentials: 'same-origin', cache: 'no-store'});
    if (answer.status === 401) return null;
    if (!answer.ok) return answer.status >= 500 ? undefined : null;
    const {items} = await answer.json();
    return items.find((session) => session.current) ?? null;
  } catch {
    return undefined;
  }
}

/** End the session of this browser. */
export const endSession = () => fetch(`${SESSIONS}/current`, {method: 'DELETE', headers: OWN, credentials: 'same-origin'}).catch(() => null);

/** Whether an identity provider is set up. */
export async function hasIssuer() {
  try {
    // Without credentials its cookie is not taken: it would be put in the place of a sign-in that another page has begun.
    const answer = await fetch(ISSUER, {redirect: 'manual', credentials: 'omit'});
    return answer.type === 'opaqueredirect';
  } catch {
    return false;
  }
}

/** The dialog in which an agent signs in. When a session has ended it stands on top of the page, which keeps what it has. */
export function signInDialog(state, actions) {
  const asked = state.signIn;
  if (!asked) return nothing;
  const again = asked.again;
  const submit = (event) => {
    event.preventDefault();
    const fields = new FormData(event.target);
    actions.signIn({key: fields.get('key').trim(), shared_computer: fields.has('shared')});
  };
  return modal({
    name: 'sign-in',
    label: text(again ? 'sign_in_again' : 'sign_in'),
    onClose: null,
    body: html`
      <p>${text(again ? 'sign_in_again_why' : 'sign_in_why')}</p>
      ${asked.problem ? html`<p class="problem" role="alert">${text(`sign_in_${asked.problem}`)}</p>` : nothing}
      <form @submit=${submit} class="stack">
        <input type="text" name="username" autocomplete="username" .value=${state.session?.agent ?? 'pasokh'} hidden>
        <label class="field">${text('sign_in_key')}
          <input name="key" type="password" required autocomplete="current-password" dir="ltr" autofocus spellcheck="false"></label>
        <label class="check"><input type="checkbox" name="shared"> ${text('shared_computer')}</label>
        <button type="submit" class="primary" ?disabled=${asked.busy}>${text('sign_in_do')}</button>
      </form>
      ${asked.issuer ? html`<a class="button" href=${ISSUER}>${text('sign_in_issuer')}</a>` : nothing}
      <p class="quiet">${text('sign_in_link_help')}</p>`,
  });
}

/** The dialog in which an agent signs out. */
export const signOutDialog = {title: () => text('sign_out'), body: signOut};

function signOut(state, actions) {
  const shared = state.session?.shared_computer;
  return html`${state.drafts.size ? html`<p>${text('sign_out_drafts', {n: state.drafts.size})}</p>` : nothing}
    <div class="buttons">${button(text('sign_out'), () => actions.leave(shared || false), {kind: 'primary'})}
    ${state.drafts.size && !shared ? button(text('sign_out_erase'), () => actions.leave(true), {kind: 'danger'}) : nothing}${button(text('cancel'), actions.closeDialog)}</div>`;
}
