// The side panel: the customer with their persons and conversations on all channels, why it came to whom, the clocks.

import {html, nothing} from './vendor/lit-html/lit-html.js';
import {dueChip, time} from './parts.js';
import {openClocks} from './header.js';
import {conversationsSection, personsSection} from './customer/sections.js';
import {channelName, duration, languageName, text} from './words.js';

const row = (name, value) => (value === null || value === undefined || value === '' ? nothing : html`<div><dt>${name}</dt><dd>${value}</dd></div>`);

function customer(thread, state) {
  const {person, conversation} = thread;
  const external = conversation.person.split(':').slice(2).join(':');
  return html`<section><h3>${text('the_customer')}</h3><dl>
    ${row(text('name'), person?.name ? html`<bdi>${person.name}</bdi>` : nothing)}
    ${row(text('person_id'), html`<bdi dir="ltr" class="run">${external}</bdi>`)}
    ${row(text('phone'), person?.phone ? html`<a href="tel:${person.phone}" dir="ltr">${person.phone}</a>` : null)}
    ${row(text('email'), person?.email ? html`<a href="mailto:${person.email}" dir="ltr">${person.email}</a>` : null)}
    ${row(text('language'), languageName(person?.language ?? conversation.language ?? '') || null)}
    ${row(text('account'), html`${channelName(conversation.channel)} · <bdi>${conversation.account}</bdi>`)}
    ${row(text('seen_last'), person?.seen_at ? time(person.seen_at, state.now()) : null)}
    ${person?.blocked ? html`<p class="problem">${text('person_blocked')}</p>` : nothing}
    ${person?.consent ? row(text('consent'), text(`consent_${person.consent}`)) : nothing}
  </dl>
  ${(thread.links ?? []).map((link) => html`<p><a href=${link.url} target="_blank" rel="noopener noreferrer">${link.name}</a></p>`)}</section>`;
}

function why(thread, state) {
  const latest = thread.decisions.at(-1);
  if (!latest) return nothing;
  const mine = latest.agent && latest.agent === state.me?.id;
  return html`<section><h3>${text(mine ? 'why_me' : 'why_there')}</h3><p class="why" dir="auto">${latest.summary}</p></section>`;
}

function clocks(thread, state) {
  const open = new Set(openClocks(thread.clocks));
  if (!thread.clocks.length) return nothing;
  return html`<section><h3>${text('clocks')}</h3><ul class="plain-list">${thread.clocks.slice(-8).map((clock) => html`<li>${text(`clock_${clock.metric}`)}
    <span class="quiet">(${duration(clock.target_seconds * 1000)})</span>
    ${open.has(clock) ? dueChip(clock, state.now()) : html`<span class="chip ${clock.late_by_seconds > 0 ? 'hot' : 'good'}">${clock.late_by_seconds > 0 ? text('late_by', {time: duration(clock.late_by_seconds * 1000)}) : text(`clock_state_${clock.state}`)}</span>`}</li>`)}</ul></section>`;
}

function handoff(conversation) {
  const {handoff: moved} = conversation;
  const here = conversation.surface === 'public';
  if (!moved && !here) return nothing;
  return html`<section><h3>${text('place')}</h3><p>${text(here ? 'place_public_why' : 'place_private_why')}</p>
    ${moved ? html`<p>${text(`handoff_${moved.state}_why`, {channel: moved.private_channel ? channelName(moved.private_channel) : text('private_chat')})}</p>
      ${(moved.unconfirmed ?? []).map((one) => html`<p class="problem">${text('handoff_unconfirmed', {name: one.name ?? one.person})}</p>`)}` : nothing}</section>`;
}

function more(conversation, state) {
  return html`<section><h3>${text('conversation')}</h3><dl>
    ${row(text('team'), html`<bdi>${state.teams.get(conversation.team)?.name ?? conversation.team}</bdi>`)}
    ${row(text('opened'), time(conversation.opened_at, state.now()))}
    ${row(text('answered_first'), conversation.first_response_at ? time(conversation.first_response_at, state.now()) : null)}
    ${row(text('about_what'), conversation.intent)}
    ${row(text('tags'), conversation.tags?.length ? conversation.tags.join(', ') : null)}
    ${conversation.sensitive ? html`<p class="problem">${text('sensitive')}</p>` : nothing}
    ${row(text('id'), html`<bdi dir="ltr" class="run small">${conversation.id}</bdi>`)}
  </dl></section>`;
}

/** The side panel of the open conversation; on narrow screens a drawer. */
export function panelRegion(state, actions) {
  const thread = state.threads.get(state.open);
  if (!thread?.conversation) return nothing;
  return html`<aside class="panel ${state.panel ? 'shown' : ''}" id="panel" aria-label=${text('details')} tabindex="-1">
    <div class="titled drawer-only"><h2>${text('details')}</h2><button type="button" class="plain icon" aria-label=${text('close')} @click=${actions.togglePanel}>✕</button></div>
    ${why(thread, state)}${customer(thread, state)}${personsSection(thread, state, actions)}${conversationsSection(thread, state, actions)}${clocks(thread, state)}${handoff(thread.conversation)}${more(thread.conversation, state)}
  </aside>`;
}
