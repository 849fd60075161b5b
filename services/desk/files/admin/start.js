// The first page of the set-up: what the shop has, and what is still to be done.

import {html, nothing} from '../vendor/lit-html/lit-html.js';
import {text} from '../words.js';
import {health} from './pieces.js';
import {NAMES} from './sections.js';

/** What a shop needs before a customer is answered, and whether it is there. */
export const todoOf = (sources, accounts) => [
  ['accounts', (accounts ?? []).length > 0],
  ['agents', (sources.agents ?? []).length > 1],
  ['hours', Boolean(sources.hours)],
  ['routing', Boolean(sources.rules)],
  ['sla', Boolean(sources.policies)],
];

export function startPage(state, actions, linkTo) {
  const {accounts} = state.sources;
  if (accounts === undefined) {
    state.sources.accounts = null;
    actions.items('/accounts').then((items) => actions.update(() => {
      state.sources.accounts = items ?? [];
    }));
    Promise.all([actions.request('GET', '/routing'), actions.request('GET', '/sla'), actions.request('GET', '')]).then(([routing, sla, shop]) => actions.update(() => {
      Object.assign(state.sources, {rules: routing.body?.rules?.length, policies: sla.body?.policies?.length, hours: shop.body?.calendar});
    }));
  }
  const bad = (accounts ?? []).filter((one) => one.health.state !== 'ok');
  return html`<h2 id="admin-title" tabindex="-1">${text('s_start')}</h2>
    ${bad.length ? html`<section class="card warm"><h3>${text('accounts_need_you')}</h3>${bad.map((one) => html`<div>${linkTo(actions, 'accounts', `${one.channel}/${one.id}`, html`<bdi>${one.name ?? `${one.channel}/${one.id}`}</bdi>`)}${health(one.health)}</div>`)}</section>` : nothing}
    <section class="card"><h3>${text('to_do')}</h3><ul class="todo">${todoOf(state.sources, accounts).map(([section, done]) => html`<li>
      <span class="dot ${done ? 'live' : 'offline'}" aria-hidden="true"></span>${linkTo(actions, section, null, text(`todo_${section}`))} <span class="quiet small">${text(done ? 'is_done' : 'is_open')}</span></li>`)}</ul></section>
    <ul class="things">${NAMES.slice(1).map((section) => html`<li class="card">${linkTo(actions, section, null, html`<b>${text(`s_${section}`)}</b>`)}<p class="quiet small">${text(`about_${section}`)}</p></li>`)}</ul>`;
}
