// Presence: the menu at the top, what lowered it and the way back, and what becomes of open work when an agent goes.

import {html, nothing} from '../vendor/lit-html/lit-html.js';
import {button} from '../parts.js';
import {nameOf} from '../list.js';
import {duration, number, shortTime, text} from '../words.js';
import {isLowered} from './reckoning.js';

export const AWAY_REASONS = ['break', 'lunch', 'training', 'meeting'];
/** Reasons of the server that have words of their own; others are words already. */
const SYSTEM_REASONS = new Set(['missed_offers', 'idle', 'connection_lost', 'connection_gone', ...AWAY_REASONS]);

export const reasonText = (reason) => (SYSTEM_REASONS.has(reason) ? text(`reason_${reason}`) : reason);

const line = (me) => `${text(`presence_${me.presence}`)}${me.presence_reason && me.presence !== 'online' ? ` (${reasonText(me.presence_reason)})` : ''}`;

/** @param {{state: object, update: Function, api: object, say: Function, actions: object}} page */
export function createPresence({state, update, api, say, actions}) {
  async function put(body) {
    const answer = await api.request('PUT', '/agents/me/presence', {body});
    if (!answer.ok && answer.status !== 202) {
      say(answer.body?.detail ?? text('not_reached'), {kind: 'warm'});
      return false;
    }
    const me = await api.request('GET', '/agents/me');
    if (me.ok) update(() => {
      state.me = {...state.me, ...me.body};
    });
    return true;
  }

  /** What of mine waits for an answer; null: it could not be read. */
  async function unanswered() {
    const rows = [];
    for (let cursor = ''; cursor !== null; ) {
      const page = await api.request('GET', `/inbox?view=mine&sort=waiting&limit=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
      if (!page.ok) return null;
      rows.push(...page.body.items.filter((row) => row.unanswered_since));
      // Those who wait come first.
      cursor = page.body.items.at(-1)?.unanswered_since ? page.body.next : null;
    }
    return rows;
  }

  async function putAndSay(body) {
    if (await put(body)) say(text(`presence_${body.after_current ? 'next' : 'now'}_${body.status}`));
  }

  /** Go away or offline: who has customers that wait for an answer is asked what becomes of them. */
  async function go(body) {
    const rows = body.after_current ? [] : await unanswered();
    if (rows === null) say(text('not_reached'), {kind: 'warm'});
    else if (rows.length) actions.dialog('go', {rows, body});
    else await putAndSay(body);
  }

  /** Give each of these conversations to a colleague, then go. */
  async function giveAndGo(rows, agent, body) {
    actions.closeDialog();
    let failed = 0;
    for (const row of rows) {
      const answer = await api.request('POST', `/conversations/${encodeURIComponent(row.id)}/transfer`, {body: {to_agent: agent}, key: crypto.randomUUID()});
      if (!answer.ok) {
        failed += 1;
        say(answer.body?.detail ?? text('not_reached'), {kind: 'warm'});
      }
    }
    if (failed < rows.length) await putAndSay({...body, open_work: 'return'});
  }

  return {
    put,
    actions: {
      togglePresence: () => update(() => {
        state.presenceOpen = !state.presenceOpen;
        if (state.presenceOpen) requestAnimationFrame(() => document.querySelector('#presence-menu button')?.focus());
      }),
      closePresence: () => update(() => {
        if (state.presenceOpen) requestAnimationFrame(() => document.getElementById('presence')?.focus());
        state.presenceOpen = false;
      }),
      async setPresence(body) {
        update(() => {
          state.presenceOpen = false;
        });
        document.getElementById('presence')?.focus();
        await (body.status === 'online' ? putAndSay(body) : go(body));
      },
      iAmBack: () => put({status: 'online'}).then((done) => done && say(text('presence_now_online'))),
      async goNow(body) {
        actions.closeDialog();
        await putAndSay(body);
      },
      giveAndGo,
      /** What was to be written down after a conversation is written down. */
      async wrapUpDone(conversation) {
        const answer = await api.request('POST', '/agents/me/wrap-up/end', {body: {conversation}, key: crypto.randomUUID()});
        if (!answer.ok) say(answer.body?.detail ?? text('not_reached'), {kind: 'warm'});
        const me = await api.request('GET', '/agents/me');
        if (me.ok) update(() => {
          state.me = {...state.me, ...me.body};
        });
      },
    },
  };
}

/** The button at the top, and its menu. */
export function presenceRegion(state, actions) {
  const {me} = state;
  if (!me) return nothing;
  const open = Boolean(state.presenceOpen);
  const finish = () => document.getElementById('presence-finish')?.checked ?? false;
  const away = (reason) => actions.setPresence({status: 'away', ...(reason ? {reason} : {}), ...(finish() ? {after_current: true} : {})});
  const own = (event) => {
    event.preventDefault();
    const reason = new FormData(event.target).get('reason').trim();
    if (reason) away(reason);
  };
  const leaves = (event) => {
    if (!event.currentTarget.contains(event.relatedTarget) && event.relatedTarget) actions.closePresence();
  };
  const keys = (event) => {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    actions.closePresence();
  };
  return html`<div class="presence" @keydown=${keys} @focusout=${leaves}>
    <button type="button" id="presence" aria-expanded=${open ? 'true' : 'false'} aria-controls="presence-menu" @click=${actions.togglePresence}>
      <span class="dot ${me.presence}"></span><span class="hidden">${text('presence')}: </span><span dir="auto">${line(me)}</span></button>
    ${open ? html`<div id="presence-menu" role="group" aria-label=${text('presence')}>
      <button type="button" class="choice" @click=${() => actions.setPresence({status: 'online'})}><span class="dot online"></span>${text('presence_online')}</button>
      <p class="quiet small" id="away-label">${text('presence_away')}</p>
      <div class="reasons" role="group" aria-labelledby="away-label">${AWAY_REASONS.map((reason) => html`<button type="button" @click=${() => away(reason)}>${text(`reason_${reason}`)}</button>`)}</div>
      <form class="inline" @submit=${own}><label class="field"><span>${text('reason_own')}</span><input name="reason" maxlength="100" dir="auto" required></label><button type="submit">${text('presence_set_away')}</button></form>
      <label class="check"><input type="checkbox" id="presence-finish"> ${text('presence_finish')}</label>
      <button type="button" class="choice" @click=${() => actions.setPresence({status: 'offline', after_current: finish()})}><span class="dot offline"></span>${text('presence_offline')}</button>
    </div>` : nothing}</div>`;
}

/** What is wrapped up: it holds its units until the time is over, or Done. */
function wrapUps(state, actions) {
  const now = state.now();
  return (state.me.wrap_ups ?? []).filter((one) => Date.parse(one.until) > now).map(({conversation, until}) => {
    const row = state.rows.get(conversation) ?? state.threads.get(conversation)?.conversation;
    return html`<p class="banner" role="status" data-presence="wrap_up">${text('wrap_up_why', {name: row ? nameOf(row) : conversation, time: duration(Date.parse(until) - now)})}
      <button type="button" ?disabled=${!state.connection.live} @click=${() => actions.wrapUpDone(conversation)}>${text('wrap_up_done')}</button></p>`;
  });
}

/** What is said across the page about the own presence: not at work yet, lowered, going, wrapping up. */
export function presenceBanner(state, actions) {
  return state.me ? html`${standing(state, actions)}${wrapUps(state, actions)}` : nothing;
}

function standing(state, actions) {
  const {me} = state;
  const offline = !state.connection.live;
  const since = me.presence_since ? shortTime(me.presence_since, state.now()) : '';
  if (isLowered(me) && me.presence_declared === 'online') {
    const why = SYSTEM_REASONS.has(me.presence_reason) ? text(`lowered_${me.presence_reason}`, {time: since}) : text('lowered', {time: since});
    return html`<p class="banner warm" role="status" data-presence="lowered">${why} <button type="button" class="primary" ?disabled=${offline} @click=${actions.iAmBack}>${text('im_back')}</button></p>`;
  }
  if (me.presence_next) {
    return html`<p class="banner" role="status" data-presence="next">${text(`presence_next_${me.presence_next}`)} <button type="button" ?disabled=${offline} @click=${actions.iAmBack}>${text('presence_stay')}</button></p>`;
  }
  if (me.presence === 'offline') {
    const waiting = state.counts.waiting ?? 0;
    return html`<p class="banner" role="status" data-presence="offline">${waiting ? text('offline_waiting', {n: waiting}) : text('offline_nothing')} <button type="button" class="primary" ?disabled=${offline} @click=${actions.iAmBack}>${text('go_online')}</button></p>`;
  }
  return nothing;
}

/** The dialog of who goes away or offline while customers wait for them. */
export const goDialog = {
  title: (_, {rows}) => text('go_title', {n: rows.length}),
  body(state, actions, {rows, body}) {
    const others = [...state.agents.values()].filter((agent) => agent.id !== state.me?.id && agent.presence === 'online');
    const give = (event) => {
      event.preventDefault();
      const agent = new FormData(event.target).get('agent');
      if (agent) actions.giveAndGo(rows, agent, body);
    };
    return html`<ul class="plain-list">${rows.slice(0, 5).map((row) => html`<li><bdi>${nameOf(row)}</bdi></li>`)}${rows.length > 5 ? html`<li class="quiet">${text('and_more', {n: rows.length - 5})}</li>` : nothing}</ul>
      <div class="stack">
        <div>${button(text('go_give_back'), () => actions.goNow({...body, open_work: 'return'}), {kind: 'primary', id: 'go-return'})}<p class="quiet small">${text('go_give_back_why')}</p></div>
        <div>${button(text('go_keep'), () => actions.goNow({...body, open_work: 'keep'}), {id: 'go-keep'})}<p class="quiet small">${text('go_keep_why')}</p></div>
        ${others.length ? html`<form class="inline" @submit=${give}><label class="field">${text('go_give_to')}<select name="agent" required>${others.map((agent) => html`<option value=${agent.id}>${text('go_agent', {name: agent.name, load: number(agent.load), capacity: number(agent.capacity)})}</option>`)}</select></label><button type="submit">${text('go_give')}</button></form>` : nothing}
        ${button(text('cancel'), actions.closeDialog)}</div>`;
  },
};
