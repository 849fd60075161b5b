// The customer in the side panel: on which accounts they are, by what evidence, what contradicts it, and their conversations on all channels.

import {html, nothing} from '../vendor/lit-html/lit-html.js';
import {button, time} from '../parts.js';
import {channelName, number, text} from '../words.js';
import {conflictText, conflictsOf, knownCustomer, mayDecide, nameOfPerson, partingText, partingsOf, partsOfPerson, reasonText, reasonsFor} from './evidence.js';
import {reader, readMore} from './reading.js';
import {openTimeline} from './messages.js';

/** A person as one account sees them: where, under which name and which addresses. */
export function personLines(person) {
  const {channel, account, external} = partsOfPerson(person.person);
  return html`<span><b>${channelName(channel)}</b> · <bdi>${account}</bdi></span>
    <span>${person.name ? html`<bdi>${person.name}</bdi> · ` : nothing}<bdi dir="ltr" class="run">${external}</bdi></span>
    ${person.email && person.email !== external ? html`<bdi dir="ltr" class="run">${person.email}</bdi>` : nothing}
    ${person.phone && person.phone !== external ? html`<bdi dir="ltr" class="run">${person.phone}</bdi>` : nothing}`;
}

/** Names persons of a thread in sentences; the person of the open conversation is "this account". */
function namesIn(thread) {
  const known = new Map(thread.customer?.persons.map((one) => [one.person, one]));
  return (person) => (person === thread.conversation.person ? text('this_account') : nameOfPerson(person, known.get(person)));
}

function personItem(person, thread, state, actions) {
  const {customer, conversation} = thread;
  const nameOf = namesIn(thread);
  const part = () => actions.dialog('part', {id: conversation.id, customer, chosen: new Set([person.person])});
  return html`<li class="person">${personLines(person)}
    ${reasonsFor(person.person, customer).map((reason) => html`<span class="quiet small sentence">${reasonText(reason, nameOf, state)}</span>`)}
    ${mayDecide(state) ? html`<span>${button(text('part_open'), part, {title: text('part_named', {name: nameOf(person.person)})})}</span>` : nothing}</li>`;
}

function againstItem(words, other, thread, actions, decides) {
  const join = () => actions.dialog('join', {id: thread.conversation.id, sought: partsOfPerson(other).external, person: other});
  return html`<li class="person"><span class="sentence">${words}</span>${decides ? html`<span>${button(text('join_this'), join)}</span>` : nothing}</li>`;
}

/** The customer's other persons, with what joins them and what does not; leads join and part here. */
export function personsSection(thread, state, actions) {
  const {conversation} = thread;
  const decides = mayDecide(state);
  const known = knownCustomer(thread);
  if (!known) return nothing;
  const others = known.persons.filter((one) => one.person !== conversation.person);
  const conflicts = conflictsOf(known);
  const connected = new Set(conflicts.map((one) => one.other));
  const partings = partingsOf(known).filter((one) => !connected.has(one.other));
  if (!others.length && !conflicts.length && !partings.length && !decides) return nothing;
  const nameOf = namesIn(thread);
  return html`<section><h3 id="persons-title" tabindex="-1">${text('same_customer')}${others.length ? html` (${number(others.length)})` : nothing}</h3>
    ${others.length ? html`<ul class="persons">${others.map((one) => personItem(one, thread, state, actions))}</ul>` : html`<p class="quiet">${text('stands_alone')}</p>`}
    ${conflicts.length || partings.length ? html`<h4>${text('not_joined')}</h4><ul class="persons">
      ${conflicts.map((one) => againstItem(conflictText(one, nameOf), one.other, thread, actions, decides))}
      ${partings.map((one) => againstItem(partingText(one, nameOf, state), one.other, thread, actions, decides))}</ul>` : nothing}
    ${decides ? html`<p>${button(text('join_open'), () => actions.dialog('join', {id: conversation.id, sought: ''}), {id: 'do-join'})}</p>` : nothing}
  </section>`;
}

function conversationItem(one, thread, state, actions) {
  const open = (event) => {
    event.preventDefault();
    actions.open(one.id);
  };
  const {external} = partsOfPerson(one.person);
  return html`<li><a href="/desk/c/${one.id}" @click=${open}>${channelName(one.channel)} · ${text(`status_${one.status}`)}</a> <span class="quiet">${time(one.opened_at, state.now())}</span>
    ${one.subject ? html`<span class="quiet small" dir="auto">${one.subject}</span>` : nothing}
    ${one.person === thread.conversation.person ? nothing : html`<bdi dir="ltr" class="quiet small">${external}</bdi>`}</li>`;
}

/** The customer's other conversations on all channels, the newest first, and the way to everything that was written. */
export function conversationsSection(thread, state, actions) {
  const {other = [], other_next: next, customer, conversation} = thread;
  const count = next ? '' : html` (${number(other.length)})`;
  return html`<section><h3>${text('other_conversations')}${other.length ? count : nothing}</h3>
    ${other.length ? html`<ul class="plain-list">${other.map((one) => conversationItem(one, thread, state, actions))}</ul>` : html`<p class="quiet">${text('no_other')}</p>`}
    ${next ? html`<p>${button(text('show_more'), () => readMore(reader(state, actions), conversation.id), {id: 'do-more-conversations'})}</p>` : nothing}
    ${customer ? html`<p>${button(text('timeline'), () => openTimeline(state, actions, conversation.id), {id: 'do-timeline'})}</p>` : nothing}</section>`;
}
