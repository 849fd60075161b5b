// The head of a conversation: where it stands, and what can be done with it.

import {html, nothing} from './vendor/lit-html/lit-html.js';
import {callBack} from './calling.js';
import {button, chip, dueChip} from './parts.js';
import {nameOf} from './list.js';
import {channelName, shortTime, text} from './words.js';

const FINISHED = new Set(['resolved', 'closed']);
export const isFinished = (conversation) => FINISHED.has(conversation.status);
const OPEN_CLOCKS = new Set(['running', 'paused', 'breached']);

/** The clocks that still count, the first due first. */
export const openClocks = (clocks) => clocks.filter((clock) => OPEN_CLOCKS.has(clock.state) && !clock.stopped_at).sort((one, other) => (one.due_at < other.due_at ? -1 : 1));

function standing(conversation, state) {
  const agent = conversation.agent && (state.agents.get(conversation.agent)?.name ?? conversation.agent);
  if (conversation.status === 'offered') return text('standing_offered', {name: state.agents.get(conversation.offer?.agent)?.name ?? conversation.offer?.agent ?? '…'});
  if (conversation.agent && conversation.agent === state.me?.id) return text(`standing_mine_${conversation.status}`);
  if (agent) return text(`standing_${conversation.status}`, {name: agent});
  return text(`standing_${conversation.status === 'assigned' ? 'waiting' : conversation.status}`, {name: ''});
}

/** The public place or the private one, and what a hand-off between them has come to: never left to be guessed. */
function surfaceLine(conversation, state) {
  const {handoff} = conversation;
  const place = conversation.surface === 'public' ? html`<span class="tag public">${text('place_public')}</span>` : html`<span class="tag">${text('place_private')}</span>`;
  if (!handoff) return place;
  const channel = handoff.private_channel ? channelName(handoff.private_channel) : text('private_chat');
  const words = {
    started: () => text('handoff_started', {time: shortTime(handoff.started_at, state.now())}),
    completed: () => text('handoff_completed', {channel, time: shortTime(handoff.completed_at ?? handoff.started_at, state.now())}),
    expired: () => text('handoff_expired'),
  }[handoff.state];
  return html`${place} <span class="handoff ${handoff.state}">${words?.() ?? handoff.state}</span>`;
}

function mainButtons(conversation, state, actions) {
  const {id, status, agent} = conversation;
  const mine = agent === state.me?.id;
  const offline = !state.connection.live;
  if (status === 'closed') return nothing;
  if (status === 'resolved') return button(text('reopen'), () => actions.reopen(id), {id: 'do-reopen'});
  return html`
    ${!agent && (status === 'waiting' || status === 'offered' || status === 'bot') ? button(text('claim'), () => actions.claim(id), {kind: 'primary', disabled: offline, id: 'do-claim'}) : nothing}
    ${agent && !mine && state.me?.role === 'lead' ? button(text('take_over'), () => actions.dialog('take_over', {id}), {disabled: offline, id: 'do-take-over'}) : nothing}
    ${mine || state.me?.role === 'lead' ? button(text('resolve'), () => actions.resolve(id), {kind: 'good', id: 'do-resolve'}) : nothing}`;
}

/** Sends the chosen priority, and shows the one before again where it was refused. */
async function choosePriority(select, {id, priority}, actions) {
  const answer = await actions.setPriority(id, select.value);
  if (!answer.ok) select.value = priority;
}

function movingButtons({id, snoozed_until: asleep}, actions) {
  return html`
    ${asleep ? button(text('unsnooze'), () => actions.unsnooze(id), {id: 'do-unsnooze'}) : button(text('snooze'), () => actions.dialog('snooze', {id}), {id: 'do-snooze'})}
    ${button(text('transfer'), () => actions.dialog('transfer', {id}), {id: 'do-transfer'})}`;
}

function moreButtons(conversation, state, actions) {
  const {id, status, agent} = conversation;
  if (FINISHED.has(status)) return nothing;
  const moves = !agent || agent === state.me?.id || state.me?.role === 'lead';
  return html`
    ${conversation.channel === 'voice' && (!agent || agent === state.me?.id) ? button(text('call_back'), () => callBack(id, actions), {disabled: !state.connection.live, id: 'do-call'}) : nothing}
    ${moves ? movingButtons(conversation, actions) : nothing}
    <label class="priority"><span class="hidden">${text('priority')}</span>
      <select id="priority" @change=${(event) => choosePriority(event.target, conversation, actions)}>
        ${['urgent', 'high', 'normal', 'low'].map((one) => html`<option value=${one} ?selected=${conversation.priority === one}>${text(`priority_${one}`)}</option>`)}</select></label>`;
}

/** The head of the open conversation. */
export function headerRegion(state, actions, who = nothing) {
  const thread = state.threads.get(state.open);
  const conversation = thread?.conversation;
  if (!conversation) return html`<div class="head"><button type="button" class="plain icon back" aria-label=${text('back')} @click=${actions.close}><span class="mirror">←</span></button></div>`;
  const clocks = openClocks(thread.clocks);
  const due = conversation.due ?? clocks[0];
  return html`<div class="head">
    <div class="titled">
      <button type="button" class="plain icon back" aria-label=${text('back')} @click=${actions.close}><span class="mirror">←</span></button>
      <div class="grows"><h1 id="conversation-title" tabindex="-1"><bdi>${nameOf({customer: {name: thread.name}, ...conversation})}</bdi></h1>
        <p class="under"><span>${channelName(conversation.channel)}</span> ${surfaceLine(conversation, state)}</p></div>
      <button type="button" class="panel-toggle" id="do-panel" aria-expanded=${state.panel ? 'true' : 'false'} @click=${actions.togglePanel}>${text('details')}</button>
    </div>
    <p class="under standing"><b>${standing(conversation, state)}</b>
      ${conversation.snoozed_until ? chip(text('snoozed_until', {time: shortTime(conversation.snoozed_until, state.now())}), 'calm') : nothing}
      ${due && !FINISHED.has(conversation.status) ? dueChip(due, state.now(), true) : nothing}${who}</p>
    <div class="does" role="group" aria-label=${text('what_to_do')}>${mainButtons(conversation, state, actions)}${moreButtons(conversation, state, actions)}</div>
  </div>`;
}
