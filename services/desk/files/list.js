// The list of conversations: a window of the rows that are near what is seen, in the order of the server.

import {html, nothing} from './vendor/lit-html/lit-html.js';
import {repeat} from './vendor/lit-html/directives/repeat.js';
import {live} from './vendor/lit-html/directives/live.js';
import {SORTS, shownList} from './inbox.js';
import {chip, dueChip, time} from './parts.js';
import {partsOf} from './prose.js';
import {channelName, number, shortTime, text} from './words.js';

/** At most so many rows are in the document. */
export const WINDOW = 80;
const MARGIN = 12;
/** Nothing moves for so long after the pointer or the focus was at a row, and for so long at most. */
const STILL_MS = 600;
const STILL_AT_MOST_MS = 3000;

/** What the list showed last, and what the pointer does. */
export function createListPlace(redraw) {
  return {redraw, key: null, ids: [], first: 0, touched: 0, stillSince: 0, pressed: false, element: null, rowHeight: 84, timer: 0};
}

/** The ids to show: those of before, as long as somebody is about to press one of them. */
export function steadyIds(place, key, ids, now) {
  const fresh = place.key !== key;
  const quiet = !place.pressed && now - place.touched >= STILL_MS;
  const same = ids.length === place.ids.length && ids.every((id, index) => id === place.ids[index]);
  if (fresh || quiet || same) {
    Object.assign(place, {key, ids: same && !fresh ? place.ids : [...ids], stillSince: 0});
    return place.ids;
  }
  place.stillSince ||= now;
  if (now - place.stillSince >= STILL_AT_MOST_MS) {
    Object.assign(place, {ids: [...ids], stillSince: 0, touched: 0, pressed: false});
    return place.ids;
  }
  clearTimeout(place.timer);
  place.timer = setTimeout(place.redraw, STILL_MS);
  return place.ids;
}

/** The part of `count` rows that is in the document, for what is scrolled to. */
export function windowOf(count, scrolled, height, rowHeight) {
  const first = Math.max(0, Math.min(Math.floor(scrolled / rowHeight) - MARGIN, count - 1));
  const last = Math.min(count, Math.max(first, Math.ceil((scrolled + height) / rowHeight) + MARGIN), first + WINDOW);
  return [first, last];
}

/** What a row's time says, and of when it is: what the list is sorted by. */
export function timeOfRow(row, sort) {
  if (sort === 'due' && row.due) return {at: row.due.at, kind: 'due'};
  if (sort !== 'newest' && row.unanswered_since) return {at: row.unanswered_since, kind: 'since'};
  return {at: row.last?.at ?? row.opened_at, kind: 'last'};
}

export const nameOf = (row) => (row.erased_at ? text('erased_customer') : null) || row.customer?.name || row.subject || row.person.split(':').slice(2).join(':') || row.id;

function preview(row, state) {
  const {last} = row;
  if (!last) return html`<span class="quiet">${text('no_message')}</span>`;
  const own = last.direction !== 'inbound';
  const who = own ? (last.author.id === state.me?.id ? text('you') : (last.author.name ?? last.author.id ?? text('colleague'))) : null;
  // The text decides the direction of the line: names stand isolated in it.
  return html`${who ? html`<bdi class="from">${who}:</bdi> ` : nothing}${last.preview ? partsOf(last.preview).map(({kind, text: words}) => (kind === 'text' ? words : html`<bdi dir="ltr">${words}</bdi>`)) : text('attachment')}`;
}

function whoIsThere(state, id) {
  const here = [...(state.signals.get(id)?.entries() ?? [])].filter(([agent]) => agent !== state.me?.id);
  if (!here.length) return nothing;
  const [agent, one] = here.find(([, other]) => other.kind !== 'viewing') ?? here[0];
  const name = one.name ?? state.agents.get(agent)?.name ?? agent;
  return chip(text(one.kind === 'viewing' ? 'reads_short' : 'writes_short', {name}), 'here');
}

const hasDraft = (state, id) => ['reply', 'note'].some((kind) => state.drafts.get(`${id}|${kind}`)?.text?.trim());

function holder(row, state) {
  if (!row.agent || row.agent === state.me?.id) return nothing;
  return html`<span class="holder">${text('with_name', {name: state.agents.get(row.agent)?.name ?? row.agent})}</span>`;
}

function marks(row, state) {
  return html`
    ${row.due ? dueChip(row.due, state.now()) : nothing}
    ${row.priority === 'urgent' || row.priority === 'high' ? chip(text(`priority_${row.priority}`), row.priority) : nothing}
    ${row.failed ? chip(text('not_delivered'), 'hot') : nothing}
    ${row.snoozed_until ? chip(text('snoozed_until', {time: shortTime(row.snoozed_until, state.now())}), 'calm') : nothing}
    ${hasDraft(state, row.id) ? chip(text('draft'), 'draft') : nothing}
    ${whoIsThere(state, row.id)}`;
}

function rowView(row, index, count, state, actions) {
  const {at, kind} = timeOfRow(row, state.sort);
  const open = (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    actions.open(row.id);
  };
  const unread = row.unread ?? 0;
  return html`<li aria-posinset=${index + 1} aria-setsize=${count}>
    <a class="row ${row.unanswered_since ? 'unanswered' : ''} ${state.resolving?.has(row.id) ? 'leaving' : ''}" href="/desk/c/${row.id}" data-id=${row.id}
       aria-current=${state.open === row.id ? 'true' : nothing} @click=${open}>
      <span class="line"><bdi class="who">${nameOf(row)}</bdi>${unread ? html`<span class="unread" aria-label=${text('unread_n', {n: unread})}>${number(unread)}</span>` : nothing}
        <span class="when" data-kind=${kind}>${kind === 'last' ? nothing : html`<span class="quiet">${text(`time_${kind}`)}</span> `}${time(at, state.now())}</span></span>
      <span class="line preview" dir="auto">${preview(row, state)}</span>
      <span class="line marks"><span class="sign">${channelName(row.channel)}${row.surface === 'public' ? html` · <b class="public">${text('public')}</b>` : nothing}</span>
        ${holder(row, state)}${marks(row, state)}</span>
    </a></li>`;
}

function empty(state, list) {
  if (!list) return html`<p class="empty quiet" aria-busy="true">${text('loading')}</p>`;
  if (state.query.trim()) return html`<p class="empty">${text('nothing_found')}</p>`;
  return html`<p class="empty">${text(`empty_${state.view}`)}</p>`;
}

/** The list of the view that is chosen, with its search and order. */
export function listRegion(state, actions, place) {
  const list = shownList(state);
  const known = list ? list.ids.filter((id) => state.rows.has(id)) : [];
  const ids = steadyIds(place, `${state.view}|${state.sort}|${state.query}`, known, performance.now());
  const scroller = place.element;
  const [first, last] = windowOf(ids.length, scroller?.scrollTop ?? 0, scroller?.clientHeight ?? 900, place.rowHeight);
  const shown = ids.slice(first, last);
  Object.assign(place, {first, count: ids.length});
  const isMain = state.place === 'list';
  return html`<section class="list" id=${isMain ? 'main' : nothing} role=${isMain ? 'main' : nothing} tabindex=${isMain ? '-1' : nothing} aria-labelledby="list-title">
    <div class="tools">
      <h2 id="list-title" class="hidden">${text(`view_${state.view}`)}</h2>
      <input type="search" id="search" aria-label=${text('search')} placeholder=${text('search_short')} .value=${live(state.query)} @input=${(event) => actions.search(event.target.value)}
             autocomplete="off" spellcheck="false" dir=${state.query ? 'auto' : nothing}>
      <label class="order"><span class="hidden">${text('sort')}</span>
        <select id="sort" @change=${(event) => actions.setSort(event.target.value)}>
          ${SORTS.map((sort) => html`<option value=${sort} ?selected=${state.sort === sort}>${text(`sort_${sort}`)}</option>`)}
        </select></label>
    </div>
    <div class="scroller" id="rows" tabindex="-1" @scroll=${actions.listScrolled} @pointerdown=${actions.listPressed}>
      ${ids.length ? nothing : empty(state, list)}
      <ul class="rows">${repeat(shown, (id) => id, (id, index) => (state.rows.has(id) ? rowView(state.rows.get(id), first + index, ids.length, state, actions) : nothing))}</ul>
      ${list && !list.complete ? html`<p class="quiet more" aria-busy="true">${text('loading')}</p>` : nothing}
    </div>
  </section>`;
}

/** After rendering: give the rows that are not in the document their height, and keep what is seen where it was. */
export function settleList(place, root, before) {
  const scroller = root.querySelector('#rows');
  if (!scroller) return;
  place.element = scroller;
  const rows = scroller.querySelector('.rows');
  const sample = rows.firstElementChild;
  if (sample) place.rowHeight = sample.getBoundingClientRect().height || place.rowHeight;
  rows.style.paddingBlockStart = `${place.first * place.rowHeight}px`;
  const after = Math.max(0, place.count - place.first - rows.childElementCount);
  rows.style.paddingBlockEnd = `${after * place.rowHeight}px`;
  if (before?.key !== place.key) scroller.scrollTop = 0;
  else if (before.anchor) {
    const moved = place.ids.indexOf(before.anchor) - before.index;
    if (moved && before.scrolled > place.rowHeight) scroller.scrollTop = before.scrolled + moved * place.rowHeight;
  }
}

/** Before rendering: which row is seen first. */
export function listAnchor(place) {
  const {element, rowHeight, key, ids} = place;
  if (!element) return {key};
  const index = Math.floor(element.scrollTop / rowHeight);
  return {key, index, anchor: ids[index], scrolled: element.scrollTop};
}
