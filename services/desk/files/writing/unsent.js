// What of an agent's answers has not arrived, across all conversations: nothing fails unseen.

import {html, nothing} from '../vendor/lit-html/lit-html.js';
import {unsentOf} from './composing.js';
import {text} from '../words.js';

/** A line above the list for each, with the way to the first of them that is not open. */
export function unsentRegion(state, actions) {
  const {waiting, failed} = unsentOf(state);
  const line = (ids, words) => {
    if (!ids.length) return nothing;
    const next = ids.find((id) => id !== state.open);
    return html`<p class="banner warm unsent" role="status">${text(words, {n: ids.length})} ${next ? html`<button type="button" @click=${() => actions.open(next)}>${text('open')}</button>` : nothing}</p>`;
  };
  return html`${line(waiting, 'unsent_n')}${line(failed, 'failed_n')}`;
}
