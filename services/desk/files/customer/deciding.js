// The dialogs in which a lead says who is one customer and who is not: each tells what happens before it does.

import {html, nothing} from '../vendor/lit-html/lit-html.js';
import {button} from '../parts.js';
import {text} from '../words.js';
import {changed, choose, decide, lookUp, search} from './decisions.js';
import {knownCustomer} from './evidence.js';
import {personsOf} from './reading.js';
import {personLines} from './sections.js';

const SEARCH_MS = 250;

const problemLine = ({problem}) => (problem ? html`<p class="problem" role="alert">${problem}</p>` : nothing);

// -- joining ------------------------------------------------------------------------------------------------------------

function foundItem(person, own, actions, data) {
  const here = own.includes(person.person);
  return html`<li><button type="button" class="found" ?disabled=${here} @click=${() => choose(actions, data, person)}>${personLines(person)}
    ${here ? html`<span class="quiet small">${text('join_already')}</span>` : nothing}${!here && person.customer_id ? html`<span class="quiet small">${text('join_several')}</span>` : nothing}</button></li>`;
}

function searching(thread, actions, data) {
  const own = personsOf(thread);
  const typed = (event) => {
    data.sought = event.target.value;
    clearTimeout(data.timer);
    data.timer = setTimeout(() => search(actions, data), SEARCH_MS);
  };
  const submit = (event) => {
    event.preventDefault();
    clearTimeout(data.timer);
    void search(actions, data);
  };
  const {found} = data;
  return html`<form class="stack" role="search" @submit=${submit}><label class="field">${text('join_search')}<input type="search" name="q" maxlength="200" dir="auto" autocomplete="off" autofocus .value=${data.sought} @input=${typed}></label></form>
    ${problemLine(data)}
    <p class="quiet" role="status">${data.searching ? text('searching') : found ? text(found.length || data.next ? 'join_found' : 'join_nobody', {n: found.length}) : text('join_why')}</p>
    ${found?.length ? html`<ul class="plain-list">${found.map((one) => foundItem(one, own, actions, data))}</ul>` : nothing}
    ${data.next && !data.searching ? html`<p>${button(text('join_further'), () => search(actions, data, true))}</p>` : nothing}`;
}

function confirming(thread, state, actions, data) {
  const {persons: own, partings} = knownCustomer(thread) ?? {persons: [], partings: []};
  const parted = partings.some(({persons}) => data.with.some((one) => persons.includes(one.person)));
  const join = () => decide(state, actions, data, {path: '/customers', persons: [thread.conversation.person, data.chosen.person], sentence: text('joined_now')});
  return html`<p class="sentence">${text('join_ask', {n: own.length + data.with.length})}</p>
    <ul class="persons">${[...own, ...data.with].map((one) => html`<li class="person">${personLines(one)}</li>`)}</ul>
    <p>${text('join_what')}</p>${parted ? html`<p>${text('join_parted')}</p>` : nothing}<p>${text('join_back')}</p>
    ${problemLine(data)}
    <div class="buttons">${button(text('join'), join, {kind: 'primary', disabled: data.sending || data.reading, id: 'do-join-now'})}${button(text('choose_another'), () => changed(actions, data, {chosen: null, problem: null}), {disabled: data.sending})}</div>`;
}

function joining(state, actions, data) {
  const thread = state.threads.get(data.id);
  if (!thread?.conversation) return nothing;
  if (data.person && !data.looked) void lookUp(actions, data);
  if (data.chosen) return confirming(thread, state, actions, data);
  return data.person ? html`<p class="quiet" role="status" aria-busy="true">${text('loading')}</p>` : searching(thread, actions, data);
}

// -- parting ------------------------------------------------------------------------------------------------------------

const withOrWithout = (chosen, person, isChosen) => new Set(isChosen ? [...chosen, person] : [...chosen].filter((one) => one !== person));

function parting(state, actions, data) {
  const {customer} = data;
  // What is chosen is asked for when something is done: between that and the rendering before it may be more of it.
  const toggle = (person) => ({target}) => changed(actions, data, {chosen: withOrWithout(data.chosen, person, target.checked), problem: null, key: null});
  const submit = (event) => {
    event.preventDefault();
    const {size} = data.chosen;
    const path = `/customers/${encodeURIComponent(customer.id)}/part`;
    if (size && size < customer.persons.length) void decide(state, actions, data, {path, persons: [...data.chosen], sentence: text('parted_now'), focus: 'persons-title'});
    else changed(actions, data, {problem: text(size ? 'part_everybody' : 'part_nobody')});
  };
  return html`<form class="stack" @submit=${submit}><fieldset><legend>${text('part_who')}</legend>
      ${customer.persons.map((one) => html`<label class="check person"><input type="checkbox" name="person" value=${one.person} .checked=${data.chosen.has(one.person)} @change=${toggle(one.person)}><span class="person">${personLines(one)}</span></label>`)}</fieldset>
    <p>${text('part_what', {n: data.chosen.size})}</p><p><b>${text('part_for_good')}</b></p>
    ${problemLine(data)}
    <div class="buttons"><button type="submit" class="danger" id="do-part-now" ?disabled=${data.sending}>${text('part_now')}</button>${button(text('cancel'), actions.closeDialog)}</div></form>`;
}

/** Name → its title and what is in it. */
export const DIALOGS = {
  join: {title: () => text('join_title'), body: joining},
  part: {title: () => text('part_title'), body: parting},
};
