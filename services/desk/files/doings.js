// The dialogs of what is done with a conversation: snooze, transfer, take over, resolve in spite of something.

import {html, nothing} from './vendor/lit-html/lit-html.js';
import {agentsInOrder} from './team.js';
import {button} from './parts.js';
import {clockTime, shortTime, text, weekday} from './words.js';

const HOUR = 3_600_000;

/** The times to choose from: in one hour, in three, tomorrow at nine, Monday at nine. In milliseconds. */
export function snoozeTimes(now) {
  const nine = (days) => {
    const at = new Date(now);
    at.setDate(at.getDate() + days);
    return at.setHours(9, 0, 0, 0);
  };
  const monday = ((8 - new Date(now).getDay()) % 7) || 7;
  const times = [
    {key: 'snooze_hour', at: now + HOUR},
    {key: 'snooze_three', at: now + 3 * HOUR},
    {key: 'snooze_tomorrow', at: nine(1)},
  ];
  return monday > 1 ? [...times, {key: 'snooze_monday', at: nine(monday)}] : times;
}

/** A moment as `datetime-local` writes it, in the time of this machine. */
export function localTime(at) {
  const moment = new Date(at);
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function snooze(state, actions, {id}) {
  const now = state.now();
  const last = state.settings.snoozed_at;
  const choose = (until) => {
    const wake = document.getElementById('snooze-wake').checked;
    actions.closeDialog();
    actions.snooze(id, {until: new Date(until).toISOString(), wake_on_reply: wake});
  };
  const own = (event) => {
    event.preventDefault();
    const until = new Date(new FormData(event.target).get('until'));
    if (until > now) choose(until);
  };
  const label = (at) => (new Date(at).toDateString() === new Date(now).toDateString() ? clockTime(at) : `${weekday(at)} ${clockTime(at)}`);
  return html`<label class="check"><input type="checkbox" id="snooze-wake" checked> ${text('snooze_wakes')}</label>
    <div class="choices">${snoozeTimes(now).map(({key, at}) => html`<button type="button" @click=${() => choose(at)}>${text(key)} <span class="quiet">${label(at)}</span></button>`)}
    ${last && last > now ? html`<button type="button" @click=${() => choose(last)}>${text('snooze_same')} <span class="quiet">${shortTime(last, now)}</span></button>` : nothing}</div>
    <form class="inline" @submit=${own}><label class="field">${text('snooze_own')}<input type="datetime-local" name="until" required min=${localTime(now + 60_000)}></label><button type="submit">${text('snooze')}</button></form>
    <p class="quiet">${text('snooze_clocks')}</p>`;
}

function transfer(state, actions, {id}) {
  const conversation = state.threads.get(id)?.conversation ?? state.rows.get(id);
  const submit = (event) => {
    event.preventDefault();
    const fields = new FormData(event.target);
    const [kind, name] = fields.get('to').split(/:(.*)/s);
    const note = fields.get('note').trim();
    actions.closeDialog();
    actions.transfer(id, {[kind === 'team' ? 'to_team' : 'to_agent']: name, ...(note ? {note} : {})});
  };
  const others = agentsInOrder(state).filter((agent) => agent.id !== conversation?.agent);
  return html`<form class="stack" @submit=${submit}>
    <label class="field">${text('transfer_to')}<select name="to" required>
      <option value="">${text('choose')}</option>
      <optgroup label=${text('agents')}>${others.map((agent) => html`<option value="agent:${agent.id}" ?disabled=${agent.presence === 'offline'}>${agent.name}: ${text(`presence_${agent.presence}`)}, ${text('load', {load: agent.load, capacity: agent.capacity})}</option>`)}</optgroup>
      <optgroup label=${text('teams')}>${[...state.teams.values()].map((team) => html`<option value="team:${team.id}">${team.name}</option>`)}</optgroup></select></label>
    <label class="field">${text('transfer_note')}<textarea name="note" rows="3" dir="auto" maxlength="60000"></textarea></label>
    <p class="quiet">${text('only_colleagues')}</p>
    <div class="buttons"><button type="submit" class="primary">${text('transfer')}</button></div></form>`;
}

function takeOver(state, actions, {id}) {
  const conversation = state.threads.get(id)?.conversation ?? state.rows.get(id);
  const name = state.agents.get(conversation?.agent)?.name ?? conversation?.agent ?? '';
  return html`<p>${text('take_over_why', {name})}</p><div class="buttons">${button(text('take_over'), () => {
    actions.closeDialog();
    actions.takeOver(id);
  }, {kind: 'primary'})}${button(text('cancel'), actions.closeDialog)}</div>`;
}

function resolveAnyway(state, actions, {id, reasons}) {
  return html`${reasons.map((reason) => html`<p>${text(`resolve_${reason}`)}</p>`)}<div class="buttons">${button(text('resolve_anyway'), () => {
    actions.closeDialog();
    actions.resolve(id, true);
  }, {kind: 'primary'})}${button(text('cancel'), actions.closeDialog)}</div>`;
}

/** Name → its title and what is in it. */
export const DIALOGS = {
  snooze: {title: () => text('snooze'), body: snooze},
  transfer: {title: () => text('transfer'), body: transfer},
  take_over: {title: () => text('take_over'), body: takeOver},
  resolve: {title: () => text('resolve_ask'), body: resolveAnyway},
};
