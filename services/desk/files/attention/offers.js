// Offers: who asks, how long there is, Accept or Decline. They stand in a region of their own and take the focus from nothing.

import {html, nothing} from '../vendor/lit-html/lit-html.js';
import {dueChip} from '../parts.js';
import {nameOf} from '../list.js';
import {channelName, number, text} from '../words.js';
import {openOffers, secondsLeft} from './reckoning.js';

/** An offer that ended is forgotten after this time. */
const FORGET_MS = 60_000;
/** Reasons of a decline; one without a reason counts as missed. */
export const REASONS = ['busy', 'not_my_field', 'language', 'private'];

/** @param {{state: object, update: Function, api: object, say: Function, actions: object}} page */
export function createOffers({state, update, api, say, actions, own}) {
  let ticking = 0;

  function forget(id) {
    update(() => state.offers.delete(id));
  }

  const ended = (id, why) => {
    update(() => {
      const offer = state.offers.get(id);
      if (offer) state.offers.set(id, {...offer, ended: why, busy: false});
    });
    setTimeout(() => forget(id), FORGET_MS);
  };

  async function answer(id, verb, body) {
    const offer = state.offers.get(id);
    if (!offer || offer.busy) return;
    update(() => state.offers.set(id, {...offer, busy: true}));
    if (verb === 'accept') own.add(offer.conversation);
    const found = await api.request('POST', `/offers/${encodeURIComponent(id)}/${verb}`, {body, key: `${id}-${verb}`});
    if (found.ok) {
      ended(id, verb === 'accept' ? 'accepted' : 'declined');
      if (verb === 'accept') actions.open(offer.conversation);
      else say(text('offer_declined'));
      return;
    }
    own.delete(offer.conversation);
    if (found.status === 409 || found.status === 404) ended(id, 'withdrawn');
    else update(() => state.offers.set(id, {...state.offers.get(id), busy: false}));
    say(found.body?.detail ?? text('not_reached'), {kind: 'warm'});
  }

  /** While there are offers, each second is shown. */
  function tick() {
    const open = openOffers(state).length > 0;
    if (open && !ticking) ticking = setInterval(() => update(() => {}), 500);
    if (!open && ticking) {
      clearInterval(ticking);
      ticking = 0;
    }
  }

  return {
    tick,
    /** An offer came: it is said once. */
    made(offer) {
      own.delete(offer.conversation);
      update(() => {
        state.said = text('offer_said', {name: nameOf(offer.row ?? {person: '::', id: offer.conversation}), seconds: secondsLeft(offer, state.now())});
      });
      tick();
    },
    /** An offer ended. What was missed is said, with the way back. */
    over({id, why}) {
      const offer = state.offers.get(id);
      setTimeout(() => forget(id), FORGET_MS);
      if (why === 'expired') say(text('offer_missed'), {kind: 'warm'});
      else if (why === 'withdrawn' && offer) say(text('offer_withdrawn'));
    },
    actions: {
      acceptOffer: (id) => answer(id, 'accept', {}),
      declineOffer: (id, reason) => answer(id, 'decline', reason ? {reason} : {}),
    },
  };
}

function offerCard(offer, state, actions, first) {
  const {row} = offer;
  const left = secondsLeft(offer, state.now());
  const off = !state.connection.live || offer.busy;
  const name = row ? nameOf(row) : offer.conversation;
  const decline = (event) => {
    const {value} = event.target;
    event.target.value = '';
    if (value) actions.declineOffer(offer.id, value);
  };
  return html`<li class="offer" data-id=${offer.id}>
    <p class="offer-who"><b><bdi>${name}</bdi></b> ${row ? html`<span class="tag ${row.surface}">${channelName(row.channel)}${row.surface === 'public' ? ` · ${text('public')}` : ''}</span>` : nothing}
      ${row && (row.priority === 'urgent' || row.priority === 'high') ? html`<span class="chip ${row.priority}">${text(`priority_${row.priority}`)}</span>` : nothing}
      ${row?.due ? dueChip(row.due, state.now()) : nothing}</p>
    ${row?.last ? html`<p class="offer-words" dir="auto">${row.last.preview || text('attachment')}</p>` : nothing}
    <div class="offer-does">
      <span class="offer-left" role="timer" aria-live="off"><span aria-hidden="true">${number(left)}</span><span class="hidden">${text('offer_left', {n: left})}</span></span>
      <button type="button" class="primary" data-offer=${first ? '' : nothing} ?disabled=${off} @click=${() => actions.acceptOffer(offer.id)}>${text('offer_accept')}</button>
      <label><span class="hidden">${text('offer_decline_of', {name})}</span>
        <select ?disabled=${off} @change=${decline}><option value="">${text('offer_decline')}</option>${REASONS.map((reason) => html`<option value=${reason}>${text(`decline_${reason}`)}</option>`)}</select></label>
    </div></li>`;
}

/** A region with a name, which F6 leads to. */
export function offersRegion(state, actions) {
  const open = openOffers(state);
  if (!open.length) return nothing;
  return html`<section class="offers" id="offers" aria-label=${text('offers', {n: open.length})}>
    <ul>${open.map((offer, at) => offerCard(offer, state, actions, at === 0))}</ul></section>`;
}
