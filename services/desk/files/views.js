// The views of the inbox with their counts, and the bar at the top.

import {html, nothing} from './vendor/lit-html/lit-html.js';
import {VIEWS} from './inbox.js';
import {clockTime, number, text} from './words.js';

const drafted = (state) => new Set([...state.drafts.entries()].filter(([, draft]) => draft.text?.trim()).map(([key]) => key.split('|')[0])).size;

/** The views that this agent has: each with its count. */
export function viewsOfAgent(state) {
  const shown = VIEWS.map((view) => ({view, count: state.counts[view] ?? 0}));
  const drafts = drafted(state);
  return drafts ? [...shown, {view: 'drafts', count: drafts}] : shown;
}

export function viewsRegion(state, actions) {
  const go = (place, view) => (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    if (place === 'team') actions.showTeam();
    else actions.showView(view);
  };
  const current = (view) => (state.place !== 'team' && state.view === view ? 'page' : nothing);
  return html`<nav class="views" aria-label=${text('views')}><ul>
    ${viewsOfAgent(state).map(({view, count}) => html`<li><a href="/desk/v/${view}" aria-current=${current(view)} @click=${go('list', view)}>
      <span>${text(`view_${view}`)}</span> ${count ? html`<span class="count ${view === 'mine' ? 'hot' : ''}">${number(count)}</span>` : nothing}</a></li>`)}
    ${state.me?.role === 'lead' ? html`<li><a href="/desk/team" aria-current=${state.place === 'team' ? 'page' : nothing} @click=${go('team')}><span>${text('view_people')}</span></a></li>` : nothing}
  </ul></nav>`;
}

function connection(state) {
  const {live, since} = state.connection;
  if (live) return html`<span class="connection"><span class="dot live"></span>${text('live')}</span>`;
  return html`<span class="connection"><span class="dot lost"></span>${since ? text('no_connection') : text('connecting')}</span>`;
}

/** The bar at the top. `parts` are the regions that other modules bring: presence, bell. */
export function topRegion(state, actions, parts) {
  const {me} = state;
  return html`<header class="top">
    <a class="skip" href="#main" @click=${actions.skip}>${text('skip')}</a>
    <h1><span class="mark" aria-hidden="true">پ</span><bdi>${state.workspaceName ?? state.session?.workspace ?? 'Pasokh'}</bdi></h1>
    ${connection(state)}
    ${me ? html`<span class="load" title=${text('load_why')}>${text('load', {load: me.load, capacity: me.capacity})}</span>` : nothing}
    <span class="spacer"></span>
    ${parts.map((part) => part(state, actions))}
    <button type="button" class="plain" aria-haspopup="dialog" @click=${() => actions.dialog('me')}><bdi>${me?.name ?? '…'}</bdi></button>
  </header>`;
}

/** What is said across the page: no connection, a new version. */
export function bannerRegion(state, actions) {
  return html`
    ${!state.connection.live && state.connection.since ? html`<p class="banner warm" role="status">${text('offline_since', {time: clockTime(state.connection.since)})}
      <button type="button" @click=${actions.reconnect}>${text('try_now')}</button></p>` : nothing}
    ${state.newVersion ? html`<p class="banner" role="status">${text('new_version')} <button type="button" @click=${actions.reloadPage}>${text('new_version_do')}</button></p>` : nothing}`;
}

/** Short messages at the end of the page; the latest of them is read out. */
export function noticesRegion(state, actions) {
  return html`<div class="notices">
    ${state.notices.map((notice) => html`<div class="notice ${notice.kind ?? ''}"><span dir="auto">${notice.text}</span>
      ${notice.action ? html`<button type="button" @click=${() => { notice.action.run(); actions.dismiss(notice.id); }}>${notice.action.text}</button>` : nothing}
      <button type="button" class="plain icon" aria-label=${text('close')} @click=${() => actions.dismiss(notice.id)}>✕</button></div>`)}
    ${state.undo ? html`<div class="notice"><span>${state.undo.text}</span><button type="button" id="undo" @click=${actions.undo}>${text('undo')}</button></div>` : nothing}
  </div>
  <div class="hidden" role="status" aria-live="polite" id="said">${state.said ?? ''}</div>`;
}
