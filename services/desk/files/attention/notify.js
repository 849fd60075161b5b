// Tells the agent of what comes: sound, title, badge, notification. One tab of a browser sounds, and what is over falls silent.

import {html} from '../vendor/lit-html/lit-html.js';
import {nameOf} from '../list.js';
import {channelName, text} from '../words.js';
import {decide, isOver, newsOfMessage, newsOfRow, newsOfTime, ONCE_MS, titled, unansweredOfMine} from './deciding.js';
import {openOffers} from './reckoning.js';

/** An open offer sounds again and again. */
export const OFFER_AGAIN_MS = 5000;
const SUMMARY_MS = 1500;

/**
 * @param {{state: object, update: Function, say: Function, sounds: object, here: object, notifications: object, own: Set<string>, badge: Function}} page
 */
export function createNotify({state, update, say, sounds, here, notifications, own, badge}) {
  /** Conversation → when it was last told of. */
  const last = new Map();
  const told = new Set();
  /** Conversations whose notification is shown. */
  const shown = new Set();
  let catchingUp = false;
  /** What waited for me when the page was last connected; null: it was not, until now. */
  let waited = null;
  let offerSoundAt = -Infinity;
  let count = 0;

  const rowOf = (id) => state.rows.get(id) ?? state.threads.get(id)?.conversation;

  function show(news) {
    const row = rowOf(news.conversation);
    const name = row ? nameOf(row) : '';
    const channel = row ? channelName(row.channel) : '';
    shown.add(news.conversation);
    // Name and channel, and never what was written.
    notifications.show({title: text(`alert_${news.kind}`, {name}), body: channel, conversation: news.conversation, offer: news.kind === 'offer'});
  }

  function tell(news, leads) {
    const now = state.now();
    if (last.size > 500) for (const [id, at] of last) if (now - at > ONCE_MS) last.delete(id);
    const decision = decide(news, {me: state.me, looking: here.isSeen(news.conversation), catchingUp, last, now, settings: state.settings});
    if (!decision.alert) return decision;
    last.set(news.conversation, now);
    if (decision.sound && sounds.ours) {
      sounds.play(news.kind === 'offer' ? 'offer' : 'soft');
      if (news.kind === 'offer') offerSoundAt = now;
    }
    if (decision.notification && leads) show(news);
    return decision;
  }

  const waiting = () => new Set([...state.rows.values()].filter((row) => unansweredOfMine([row], state.me)).map((row) => row.id));

  /** What came while the page was away is told once, as a number, when the lists have been read. */
  function caughtUp() {
    catchingUp = false;
    const before = waited;
    setTimeout(() => {
      const now = waiting();
      waited = null;
      if ([...now].some((id) => !before?.has(id)) && state.me?.presence !== 'offline') say(text('while_away', {n: now.size}));
    }, SUMMARY_MS);
  }

  /** What is over falls silent: in every tab, since every tab hears of it. */
  function settle() {
    const offers = openOffers(state);
    if (!offers.length) sounds.stop();
    for (const conversation of shown) {
      if (!isOver({row: rowOf(conversation), me: state.me, offers, looking: here.isSeen(conversation)})) continue;
      shown.delete(conversation);
      notifications.close(conversation);
    }
  }

  function title() {
    const base = `${text('desk')}${state.session ? ` · ${state.session.workspace}` : ''}`;
    count = unansweredOfMine(state.rows.values(), state.me);
    const words = titled(count + openOffers(state).length, base);
    if (document.title !== words) {
      document.title = words;
      badge(count);
    }
  }

  return {
    /** An event of the stream, after it changed the state; `known` is the row before. */
    heard({type, data, leads, known, took}) {
      if (type === 'hello') {
        catchingUp = true;
        waited ??= waiting();
      } else if (type === 'counts' && catchingUp) caughtUp();
      else if (type === 'row') {
        // What comes between the lists and the summary is told by itself.
        if (!catchingUp) waited?.add(data.id);
        for (const news of newsOfRow({known, row: data, me: state.me, now: state.now(), own})) tell(news, leads);
        if (data.agent !== state.me?.id) own.delete(data.id);
      } else if (type === 'message') {
        const row = rowOf(data.conversation ?? data.message.conversation);
        if (took !== false) for (const news of newsOfMessage({message: data.message, row, me: state.me})) tell(news, leads);
      } else if (type === 'offer') tell({kind: 'offer', conversation: data.conversation}, leads);
    },
    /** Each second or so. */
    tick(leads) {
      const now = state.now();
      for (const news of newsOfTime({rows: state.rows.values(), me: state.me, now, told})) {
        told.add(news.mark);
        tell(news, leads);
      }
      if (openOffers(state).length && state.settings.sound !== 'off' && sounds.ours && now - offerSoundAt >= OFFER_AGAIN_MS) {
        offerSoundAt = now;
        sounds.play('offer');
      }
    },
    /** After each drawing. */
    drawn() {
      settle();
      title();
    },
    get count() {
      return count;
    },
    actions: {
      async toggleSound() {
        if (state.settings.sound !== 'off' && sounds.state === 'blocked') {
          await sounds.unlock();
          update(() => {});
          return;
        }
        const on = state.settings.sound === 'off';
        state.set('sound', on ? 'on' : 'off');
        if (!on) sounds.stop();
        else await sounds.unlock();
      },
      async testSound() {
        const heard = (await sounds.unlock()) && sounds.play('soft');
        say(text(heard ? 'sound_tested' : 'sound_blocked_why'), heard ? {} : {kind: 'warm'});
      },
    },
  };
}

/** The bell at the top: whether this browser sounds. */
export function bellRegion(state, actions, sounds) {
  const off = state.settings.sound === 'off';
  const kind = off ? 'off' : sounds.state;
  return html`<button type="button" class="plain icon bell ${kind}" id="bell" aria-pressed=${kind === 'ready' ? 'true' : 'false'} title=${text(`bell_${kind}`)} @click=${actions.toggleSound}>
    <svg viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="M6 16V11a6 6 0 0 1 12 0v5l1.5 2h-15zM10 20.5a2.2 2.2 0 0 0 4 0"/><path d=${off ? 'M4 4l16 16' : ''} /></svg><span class="hidden">${text(`bell_${kind}`)}</span>${kind === 'blocked' ? html`<span class="bell-mark" aria-hidden="true">!</span>` : ''}</button>`;
}
