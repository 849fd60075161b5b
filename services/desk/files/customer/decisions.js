// What the dialogs of joining and parting read and send. Each takes the actions of the page and the data of its dialog.

import {text} from '../words.js';
import {pathOf, readCustomer, reader, readJoined} from './reading.js';

const PAGE = 20;

/** Change what a dialog shows. */
export const changed = (actions, data, given) => actions.update(() => Object.assign(data, given));

/**
 * Send a decision once; what refuses it is said in the dialog, which stays. Afterwards `sentence` is said, and the focus goes to the element
 * with the id `focus`, if what opened the dialog will be gone.
 */
export async function decide(state, actions, data, {path, persons, sentence, focus = null}) {
  if (data.sending) return;
  // The same key for each try of one decision: a repeat after a lost answer decides nothing twice.
  data.key ??= crypto.randomUUID();
  changed(actions, data, {sending: true, problem: null});
  const answer = await actions.request('POST', path, {body: {persons}, key: data.key});
  if (!answer.ok) {
    if (answer.status) data.key = null;
    changed(actions, data, {sending: false, problem: answer.status ? (answer.body?.detail ?? text('refused', {n: answer.status})) : text('not_reached')});
    return;
  }
  actions.closeDialog();
  actions.say(answer.status === 202 ? text('on_its_way') : sentence);
  if (focus) requestAnimationFrame(() => document.getElementById(focus)?.focus());
  await readCustomer(reader(state, actions), data.id);
}

/** Search persons, or read the next page of a search. */
export async function search(actions, data, more = false) {
  const sought = data.sought.trim();
  if (!sought) {
    changed(actions, data, {found: null, next: null, problem: null, asked: ''});
    return;
  }
  data.asked = sought;
  const mark = more && data.next ? `&cursor=${encodeURIComponent(data.next)}` : '';
  changed(actions, data, {searching: true, problem: null});
  const answer = await actions.request('GET', `/persons?limit=${PAGE}&q=${encodeURIComponent(sought)}${mark}`);
  // Something else is sought by now.
  if (data.asked !== sought) return;
  if (!answer.ok) {
    changed(actions, data, {searching: false, problem: answer.status ? (answer.body?.detail ?? text('refused', {n: answer.status})) : text('not_reached')});
    return;
  }
  const {items, next} = answer.body;
  changed(actions, data, {searching: false, found: more ? [...data.found, ...items] : items, next});
}

/** Ask about joining with a person, and with everybody who is one customer with them. */
export async function choose(actions, data, person) {
  changed(actions, data, {chosen: person, with: [person], reading: Boolean(person.customer_id), problem: null, key: null});
  if (!person.customer_id) return;
  const joined = await readJoined({request: actions.request}, person.customer_id);
  if (data.chosen === person) changed(actions, data, {with: joined?.persons ?? [person], reading: false});
}

/** A person whom the panel names is looked up when the dialog opens. */
export async function lookUp(actions, data) {
  data.looked = true;
  const answer = await actions.request('GET', `/persons/${pathOf(data.person)}`);
  if (answer.ok) await choose(actions, data, answer.body);
  else changed(actions, data, {person: null});
}
