// What joins the persons of a customer, what does not, and how both are said. Pure.

import {channelName, shortTime, text} from '../words.js';

/** The channel, the account and the id of a person. */
export function partsOfPerson(person) {
  const [channel, account, ...external] = person.split(':');
  return {channel, account, external: external.join(':')};
}

/** How a person is called in a sentence: the channel, and their name or else their id. */
export function nameOfPerson(person, known = null) {
  const {channel, external} = partsOfPerson(person);
  return `${channelName(channel)} (${known?.name || external})`;
}

/** Who can join and part: leads, and whoever may do everything. */
export const mayDecide = (state) => state.me?.role === 'lead' || Boolean(state.session?.scopes?.includes('admin'));

/** What is known of the customer of a thread: of several persons, or of the one person who stands alone; null before it is read. */
export function knownCustomer({customer, person}) {
  return customer ?? (person ? {persons: [person], evidence: [], conflicts: person.conflicts, partings: person.partings} : null);
}

const otherOf = ({persons: [one, other]}, person) => (one === person ? other : one);

/** Why a person is one with the customer's others, the strongest first: each kind of evidence and each shared name once. */
export function reasonsFor(person, customer) {
  const seen = new Set();
  return customer.evidence
    .filter((one) => one.persons.includes(person) && !seen.has(`${one.kind} ${one.value}`) && seen.add(`${one.kind} ${one.value}`))
    .map((one) => ({...one, other: otherOf(one, person)}));
}

/** What would connect one of the customer's persons with somebody else, and does not: each name that they share once. */
export function conflictsOf(customer) {
  const own = new Set(customer.persons.map((one) => one.person));
  const found = new Map();
  for (const one of customer.conflicts) {
    const mine = one.persons.find((person) => own.has(person));
    const other = mine && otherOf(one, mine);
    if (!mine || own.has(other)) continue;
    const key = `${one.kind} ${one.value} ${other}`;
    if (!found.has(key)) found.set(key, {...one, mine, other});
  }
  return [...found.values()];
}

/** Whom a lead parted from the customer: each once, the latest decision. */
export function partingsOf(customer) {
  const own = new Set(customer.persons.map((one) => one.person));
  const found = new Map();
  for (const one of [...customer.partings].sort((a, b) => (a.at < b.at ? -1 : 1))) {
    const mine = one.persons.find((person) => own.has(person));
    const other = mine && otherOf(one, mine);
    if (mine && !own.has(other)) found.set(other, {...one, mine, other});
  }
  return [...found.values()];
}

/** The sentence of a reason. `nameOf` names a person. */
export function reasonText({kind, value, other, by, at}, nameOf, state) {
  const time = shortTime(at, state.now());
  if (kind === 'decision') return by ? text('because_decision_by', {name: state.agents.get(by)?.name ?? by, other: nameOf(other), time}) : text('because_decision', {other: nameOf(other), time});
  return text(`because_${kind}`, {other: nameOf(other), value: value ?? ''});
}

/** The sentences of a conflict: what is shared, and why it joins nobody. */
export function conflictText({kind, value, reason, other}, nameOf) {
  return `${text(`shared_${kind}`, {other: nameOf(other), value: value ?? ''})} ${text(`not_joined_${reason}`)}`;
}

/** The sentence of a parting. */
export function partingText({other, by, at}, nameOf, state) {
  const time = shortTime(at, state.now());
  return by ? text('parted_by', {name: state.agents.get(by)?.name ?? by, other: nameOf(other), time}) : text('parted_at', {other: nameOf(other), time});
}
