// What an agent sets for themselves.

import {html, nothing} from './vendor/lit-html/lit-html.js';
import {LANGUAGES, text} from './words.js';

/** What an agent sets for themselves; sections of other modules come in `sections`. */
export function meBody(state, actions, sections) {
  const {session, me, settings} = state;
  return html`
    <p class="quiet">${text('signed_in_as', {name: me?.name ?? session.agent, workspace: session.workspace})}</p>
    <label class="field">${text('language')}
      <select @change=${(event) => actions.speak(event.target.value)}>${Object.entries(LANGUAGES).map(([tag, {name}]) => html`<option value=${tag} lang=${tag} ?selected=${tag === state.language}>${name}</option>`)}</select></label>
    <label class="field">${text('theme')}
      <select @change=${(event) => actions.set('theme', event.target.value)}>${['auto', 'light', 'dark'].map((theme) => html`<option value=${theme} ?selected=${(settings.theme ?? 'auto') === theme}>${text(`theme_${theme}`)}</option>`)}</select></label>
    <label class="field">${text('density')}
      <select @change=${(event) => actions.set('density', event.target.value)}>${['normal', 'dense'].map((one) => html`<option value=${one} ?selected=${(settings.density ?? 'normal') === one}>${text(`density_${one}`)}</option>`)}</select></label>
    ${sections.map((section) => section(state, actions))}
    <div class="buttons">
      ${session.scopes?.includes('admin') ? html`<a class="button" href="/desk/admin">${text('admin')}</a>` : nothing}
      <button type="button" class="danger" @click=${actions.signOut}>${text('sign_out')}</button></div>`;
}
