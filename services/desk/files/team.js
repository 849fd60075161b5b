// For leads: who is there with how much, which queues wait, and what can be done about it.

import {html, nothing} from './vendor/lit-html/lit-html.js';
import {button} from './parts.js';
import {duration, hasText, number, text} from './words.js';

const RANK = {online: 0, away: 1, offline: 2};

/** The agents: those who are there first, then by name. */
export const agentsInOrder = (state) => [...state.agents.values()].sort((one, other) => RANK[one.presence] - RANK[other.presence] || one.name.localeCompare(other.name));

/** Waiting ones by team: how many, and since when the longest waits. */
export function queuesOf(rows) {
  const queues = new Map();
  for (const row of rows) {
    if (row.status !== 'waiting' && row.status !== 'offered') continue;
    const queue = queues.get(row.team) ?? {team: row.team, waiting: 0, since: null};
    const since = row.unanswered_since ?? row.opened_at;
    queue.waiting += 1;
    if (!queue.since || since < queue.since) queue.since = since;
    queues.set(row.team, queue);
  }
  return [...queues.values()].sort((one, other) => (one.since < other.since ? -1 : 1));
}

function presenceOf(agent, state) {
  const reason = agent.presence_reason;
  const why = reason && (hasText(`reason_${reason}`) ? text(`reason_${reason}`) : html`<bdi>${reason}</bdi>`);
  const since = agent.presence_since && duration(state.now() - new Date(agent.presence_since).getTime());
  return html`<span class="dot ${agent.presence}"></span>${text(`presence_${agent.presence}`)}${why ? html`: ${why}` : nothing}${since ? html` <span class="quiet">(${since})</span>` : nothing}`;
}

function agentRow(agent, state, actions) {
  const oldest = state.oldest?.get(agent.id);
  return html`<tr>
    <th scope="row"><bdi>${agent.name}</bdi>${agent.role === 'lead' ? html` <span class="tag">${text('lead')}</span>` : nothing}</th>
    <td data-label=${text('presence')}><span>${presenceOf(agent, state)}</span></td>
    <td data-label=${text('load_name')}><span>${text('load', {load: agent.load, capacity: agent.capacity})}</span></td>
    <td data-label=${text('oldest')}><span>${oldest ? html`<a href="/desk/c/${oldest.id}" @click=${(event) => { event.preventDefault(); actions.open(oldest.id); }}>${duration(state.now() - new Date(oldest.unanswered_since).getTime())}</a>` : '–'}</span></td>
    <td data-label=${text('set_presence')}><span class="buttons">${['online', 'away', 'offline'].filter((one) => one !== agent.presence_declared).map((one) =>
      button(text(`set_${one}`), () => actions.setPresenceOf(agent.id, one), {title: text('set_presence_of', {name: agent.name})}))}</span></td>
  </tr>`;
}

/** The team, as its lead sees it. */
export function teamRegion(state, actions) {
  const agents = agentsInOrder(state);
  const queues = queuesOf(state.teamRows ?? []);
  return html`<div class="team" id="team">
    <div class="titled"><button type="button" class="plain icon back" aria-label=${text('back')} @click=${actions.close}><span class="mirror">←</span></button><h2 tabindex="-1" id="team-title" class="grows">${text('view_people')}</h2></div>
    <section class="card"><h3>${text('queues')}</h3>
      ${queues.length ? html`<table><thead><tr><th scope="col">${text('team')}</th><th scope="col">${text('view_waiting')}</th><th scope="col">${text('longest')}</th></tr></thead>
        <tbody>${queues.map((queue) => html`<tr><th scope="row"><a href="/desk/v/waiting" @click=${(event) => { event.preventDefault(); actions.showView('waiting'); }}><bdi>${state.teams.get(queue.team)?.name ?? queue.team}</bdi></a></th><td data-label=${text('view_waiting')}><span>${number(queue.waiting)}</span></td>
          <td data-label=${text('longest')}><span>${duration(state.now() - new Date(queue.since).getTime())}</span></td></tr>`)}</tbody></table>` : html`<p class="quiet">${text('nobody_waits')}</p>`}
    </section>
    <section class="card"><h3>${text('agents')} (${number(agents.length)})</h3>
      <table><thead><tr>${['agent', 'presence', 'load_name', 'oldest', 'set_presence'].map((key) => html`<th scope="col">${text(key)}</th>`)}</tr></thead>
      <tbody>${agents.map((agent) => agentRow(agent, state, actions))}</tbody></table>
    </section></div>`;
}
