// Shows where colleagues read and type.

import {html, nothing} from '../vendor/lit-html/lit-html.js';
import {listOf, text} from '../words.js';
import {othersIn} from './reckoning.js';

/** In the head of the open conversation. */
export function whoRegion(state) {
  const others = othersIn(state, state.open);
  if (!others.length) return nothing;
  const lines = ['reply', 'note', 'viewing']
    .map((kind) => ({kind, names: others.filter((one) => one.kind === kind).map((one) => one.name)}))
    .filter(({names}) => names.length);
  return html` <span class="chip here" data-who>${lines.map(({kind, names}) => text(`here_${kind}`, {name: listOf(names)})).join(' · ')}</span>`;
}
