// What an agent does with conversations: each is one request, and its refusal is said in the agent's language.

import {takeRow} from './inbox.js';
import {nameOf} from './list.js';
import {text} from './words.js';

/** So long a resolve may be taken back: until then it has not been sent. */
export const UNDO_MS = 8000;

/**
 * @param {{state: object, update: Function, api: object, threads: object, say: Function}} page
 */
export function createWork({state, update, api, threads, say, ask, focusNext}) {
  const conversationOf = (id) => state.threads.get(id)?.conversation ?? state.rows.get(id);
  let undoTimer = 0;

  /** Take in a conversation as an action answered it. */
  function taken(conversation) {
    update(() => takeRow(state, {...(state.rows.get(conversation.id) ?? {}), ...conversation, offer: conversation.offer, snoozed_until: conversation.snoozed_until, views: undefined}));
  }

  async function act(id, action, body, {wayOn = () => null, ...options} = {}) {
    const answer = await api.request('POST', `${threads.path(id)}/${action}`, {body, key: crypto.randomUUID(), ...options});
    if (answer.status === 200 && answer.body) {
      if (state.rows.has(id) || state.threads.has(id)) taken(answer.body);
      threads.about(id);
    } else if (answer.status === 202) say(text('on_its_way'));
    else if (answer.status === 0) say(text('not_reached'), {kind: 'warm'});
    else {
      say(answer.body?.detail ?? text('refused', {n: answer.status}), {kind: 'warm', action: wayOn(answer)});
      threads.about(id);
    }
    return answer;
  }

  /** Take a conversation. A lead without a free unit is asked whether it is to be theirs all the same. */
  async function take(id, body) {
    const above = () => take(id, {...body, over_capacity: true});
    const wayOn = ({body: problem}) => (problem?.code === 'no_free_unit' && state.me?.role === 'lead' ? {text: text('take_above'), run: above} : null);
    return done(await act(id, 'claim', body, {wayOn}), text('claimed'));
  }

  const done = (answer, sentence) => {
    if (answer.ok && answer.status !== 202) say(sentence);
    return answer;
  };

  function reasonsAgainst(id) {
    const conversation = conversationOf(id);
    const reasons = [];
    if (['reply', 'note'].some((kind) => state.drafts.get(`${id}|${kind}`)?.text?.trim())) reasons.push('with_draft');
    if (conversation?.unanswered_since) reasons.push('unanswered');
    return reasons;
  }

  function flush(keepalive = false) {
    clearTimeout(undoTimer);
    const pending = state.undo;
    if (!pending) return;
    update(() => {
      state.undo = null;
    });
    act(pending.id, 'resolve', {}, {keepalive}).finally(() => update(() => state.resolving.delete(pending.id)));
  }

  return {
    claim: (id) => take(id, {}),
    takeOver: (id) => take(id, {from: conversationOf(id)?.agent}),
    reopen: async (id) => done(await act(id, 'reopen', {}), text('reopened')),
    transfer: async (id, to) => {
      const answer = await act(id, 'transfer', to);
      const name = to.to_agent ? (state.agents.get(to.to_agent)?.name ?? to.to_agent) : (state.teams.get(to.to_team)?.name ?? to.to_team);
      return done(answer, text('transferred', {name}));
    },
    snooze: async (id, body) => {
      update(() => {
        state.settings.snoozed_at = Date.parse(body.until);
      });
      return done(await act(id, 'snooze', body), text('snoozed'));
    },
    unsnooze: (id) => act(id, 'unsnooze', {}),
    setPriority: (id, priority) => act(id, 'priority', {priority}),
    /** Resolve in 8 seconds, unless it is taken back. What speaks against it is asked once. */
    resolve(id, sure = false) {
      const reasons = sure ? [] : reasonsAgainst(id);
      if (reasons.length) {
        ask('resolve', {id, reasons});
        return;
      }
      flush();
      focusNext(id);
      update(() => {
        state.resolving.add(id);
        state.undo = {id, text: text('resolving', {name: nameOf({...conversationOf(id), customer: conversationOf(id)?.customer ?? {name: state.threads.get(id)?.name}})})};
      });
      undoTimer = setTimeout(flush, UNDO_MS);
    },
    undo() {
      clearTimeout(undoTimer);
      update(() => {
        if (state.undo) state.resolving.delete(state.undo.id);
        state.undo = null;
      });
    },
    flush,
    markUnread: (id) => api.request('PUT', `${threads.path(id)}/read`, {body: {unread: true}}),
    async setPresenceOf(agent, status) {
      const answer = await api.request('PUT', `/agents/${encodeURIComponent(agent)}/presence`, {body: {status}});
      if (!answer.ok) say(answer.body?.detail ?? text('not_reached'), {kind: 'warm'});
      const now = await api.request('GET', `/agents/${encodeURIComponent(agent)}`);
      if (now.ok) update(() => state.agents.set(agent, now.body));
    },
  };
}
