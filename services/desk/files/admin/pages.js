// The pages of the sections: a list of what there is, and the form of one.

import {html, nothing} from '../vendor/lit-html/lit-html.js';
import {live} from '../vendor/lit-html/directives/live.js';
import {channelName, languageName, listOf, shortTime, text} from '../words.js';
import {isChanged} from './editor.js';
import {field, optionName} from './fields.js';
import {chatSnippet, copyable, health, isLocal, linkCard, problemOf, warningsOf} from './pieces.js';
import {GROUPS} from './schemas.js';
import {addressOf, idOf, NEW, SECTIONS} from './sections.js';
import {skillName} from './sources.js';

const title = (words) => html`<h2 id="admin-title" tabindex="-1">${words}</h2>`;
const problem = (state, actions) => html`<div class="card problem" role="alert"><p>${text(`read_${state.problem}`)}</p><button type="button" @click=${actions.reload}>${text('try_again')}</button></div>`;

// -- lists ----------------------------------------------------------------------------------------------------------------

const namesOf = (ids, all) => listOf(ids.map((id) => all?.find((one) => one.id === id)?.name ?? id));

/** What a row says besides its name. */
const ROWS = {
  agents: (agent, state) => [namesOf(agent.teams, state.sources.teams), listOf(Object.keys(agent.skills).map(skillName)), agent.role === 'lead' ? text('o_lead') : '', text(`o_${agent.presence}`)],
  teams: (team, state) => [text('agents_in', {n: (state.sources.agents ?? []).filter((agent) => agent.teams.includes(team.id)).length})],
  accounts: (account) => [channelName(account.channel)],
  canned: (answer, state) => [answer.shortcut ? `/${answer.shortcut}` : '', answer.language ? languageName(answer.language) : '', answer.teams.length ? namesOf(answer.teams, state.sources.teams) : ''],
};
const nameOf = (section, one) => one.name ?? one.title ?? idOf(section, one);

export function listPage(state, actions, linkTo) {
  const {section} = state;
  if (state.problem) return problem(state, actions);
  if (section === 'keys') return keysPage(state, actions, linkTo);
  return html`<div class="titled">${title(text(`s_${section}`))}${linkTo(actions, section, NEW, html`<span class="button primary">${text(`new_${section}`)}</span>`)}</div>
    <p class="quiet">${text(`about_${section}`)}</p>
    ${state.items === null ? html`<p class="quiet">${text('loading_it')}</p>` : html`
    ${state.items.length === 0 ? html`<p class="card empty">${text(`none_${section}`)}</p>` : nothing}
    <ul class="things">${state.items.map((one) => html`<li class="card">
      <div class="titled">${linkTo(actions, section, idOf(section, one), html`<bdi>${nameOf(section, one)}</bdi>`)}
        ${section === 'agents' ? html`<button type="button" @click=${() => actions.makeLink(one.id)} aria-label=${text('link_of', {name: one.name})}>${text('make_link')}</button>` : nothing}</div>
      <p class="quiet small">${ROWS[section](one, state).filter(Boolean).map((part, index) => html`${index ? ' · ' : ''}<bdi>${part}</bdi>`)}</p>
      ${one.health ? health(one.health) : nothing}
      ${section === 'agents' && state.link?.agent === one.id ? linkCard(state.link, one.name, actions) : nothing}</li>`)}</ul>`}`;
}

function keysPage(state, actions, linkTo) {
  return html`<div class="titled">${title(text('s_keys'))}${linkTo(actions, 'keys', NEW, html`<span class="button primary">${text('new_keys')}</span>`)}</div>
    <p class="quiet">${text('about_keys')}</p>
    ${state.items?.length === 0 ? html`<p class="card empty">${text('none_keys')}</p>` : nothing}
    <ul class="things">${(state.items ?? []).map((key) => html`<li class="card"><div class="titled"><b><bdi>${key.name}</bdi></b>
      <button type="button" class="danger" aria-label=${text('remove_name', {name: key.name})} @click=${() => actions.ask('revoke', {id: key.id, title: key.name})}>${text('remove_do')}</button></div>
      <p class="quiet small">${listOf(key.scopes.map((scope) => text(`o_scopes_${scope}`)))}${key.agent ? html` · <bdi>${optionName({source: 'agents'}, key.agent, {sources: state.sources})}</bdi>` : nothing} · ${shortTime(key.created_at, Date.now())} · <code dir="ltr">${key.id}</code></p></li>`)}</ul>`;
}

// -- one thing ------------------------------------------------------------------------------------------------------------

export function editPage(state, actions, linkTo) {
  const {section, id, editor} = state;
  const {list} = SECTIONS[section];
  const back = list ? html`<p class="to-list">${linkTo(actions, section, null, html`<span class="mirror" aria-hidden="true">←</span> ${text(`s_${section}`)}`)}</p>` : nothing;
  if (section === 'keys' && state.shownKey) return html`${back}${keyMade(state, actions)}`;
  if (state.problem) return html`${back}${title(text(`s_${section}`))}${problem(state, actions)}`;
  if (section === 'accounts' && id === NEW) return html`${back}${channelsPage(state, actions, linkTo)}`;
  if (!editor) return html`${back}${title(text(`s_${section}`))}<p class="quiet">${text('loading_it')}</p>`;
  const context = {errors: editor.errors, sources: state.sources, editing: editor.view !== null};
  return html`${back}${title(headingOf(state))}
    ${list ? nothing : html`<p class="quiet">${text(`about_${section}`)}</p>`}
    ${BEFORE[section]?.(state, actions) ?? nothing}
    ${warningsOf(editor.warnings)}
    <form class="form stack" novalidate @submit=${(event) => {
      event.preventDefault();
      if (section === 'keys') actions.createKey();
      else actions.save();
    }}>
      ${section === 'settings' ? settingsFields(editor, actions, context) : field(editor.form, editor.draft, actions.change, context)}
      ${editor.view === null && section !== 'keys' ? idField(state, actions) : nothing}
      ${problemOf(editor, actions)}
      <div class="buttons save">
        <button type="submit" class="primary" ?disabled=${editor.busy}>${text(section === 'keys' ? 'create_key' : 'save_it')}</button>
        ${isChanged(editor) ? html`<span class="quiet">${text('not_saved_yet')}</span>` : editor.saved ? html`<span class="saved">${text('saved')}</span>` : nothing}
        ${list && editor.view && !(SECTIONS[section].fixed ?? []).includes(id) ? html`<span class="spacer"></span>
          <button type="button" class="danger" @click=${() => actions.ask('remove', {title: nameOf(section, editor.view)})}>${text('remove_do')}</button>` : nothing}
      </div>
    </form>
    ${AFTER[section]?.(state, actions) ?? nothing}`;
}

function headingOf({section, editor, channel}) {
  if (!SECTIONS[section].list) return text(`s_${section}`);
  if (editor.view) return html`<bdi>${nameOf(section, editor.view)}</bdi>`;
  return section === 'accounts' ? text('new_account_of', {channel: channelName(channel)}) : text(`new_${section}`);
}

/** The id that stands in addresses: made of the name, and never changed later. */
function idField(state, actions) {
  return html`<details class="own-id"><summary>${text('id_is')} <code dir="ltr">${actions.idForNew()}</code></summary>
    <div class="field"><label for="new-id">${text('f_id')}</label>
      <input id="new-id" type="text" dir="ltr" autocomplete="off" spellcheck="false" maxlength="64" .value=${live(state.newId)} placeholder=${actions.idForNew()}
        @input=${(event) => actions.update(() => Object.assign(state, {newId: event.target.value}))}>
      <p class="help">${text('n_id')}</p></div></details>`;
}

/** The settings of the workspace, in groups that say what they are about. */
function settingsFields(editor, actions, context) {
  const {form, draft} = editor;
  const settings = form.fields.find((one) => one.name === 'settings');
  const own = form.fields.find((one) => one.name === 'own');
  const grouped = new Set(GROUPS.flatMap(([, names]) => names));
  const others = settings.fields.filter((one) => !grouped.has(one.name));
  const put = (name) => (value) => actions.change({...draft, [name]: value});
  return html`
    ${form.fields.filter((one) => !['settings', 'own'].includes(one.name)).map((one) => field(one, draft[one.name], put(one.name), context, `/${one.name}`))}
    ${GROUPS.map(([group, names]) => html`<fieldset class="part"><legend>${text(`g_${group}`)}</legend><p class="help">${text(`ng_${group}`)}</p>
      ${settings.fields.filter((one) => names.includes(one.name)).map((one) =>
        field(one, draft.settings[one.name], (value) => put('settings')({...draft.settings, [one.name]: value}), context, `/settings/${one.name}`))}</fieldset>`)}
    ${others.length ? html`<fieldset class="part"><legend>${text('g_others')}</legend>${others.map((one) =>
      field(one, draft.settings[one.name], (value) => put('settings')({...draft.settings, [one.name]: value}), context, `/settings/${one.name}`))}</fieldset>` : nothing}
    ${field(own, draft.own, put('own'), context, '/own')}`;
}

// -- what single sections have besides -----------------------------------------------------------------------------------

function channelsPage(state, actions, linkTo) {
  return html`${title(text('new_accounts'))}<p class="quiet">${text('which_channel')}</p>
    <ul class="things channels">${(state.sources.channels ?? []).map((channel) => html`<li class="card">
      ${linkTo(actions, 'accounts', `${NEW}${channel.id}`, html`<b>${channel.name}</b>`)}<p class="quiet small">${text(`ch_${channel.id}`)}</p></li>`)}</ul>`;
}

const stepsOf = (channel) => html`<details class="card steps-card" open><summary>${text('at_the_platform')}</summary>
  <ol class="steps">${text(`steps_${channel}`).split('\n').map((step) => html`<li class="sentence">${step}</li>`)}</ol>
  <p class="quiet small">${text('more_in_docs')} <code dir="ltr">docs/channels/${channel}.md</code></p></details>`;

function accountBefore(state, actions) {
  const {editor, channel} = state;
  const kind = editor.view?.channel ?? channel;
  if (!editor.view) return stepsOf(kind);
  const {health: found, webhook_path: path, id} = editor.view;
  return html`<div class="card">${health(found)}
      <button type="button" ?disabled=${editor.looking} @click=${actions.lookAgain}>${text(editor.looking ? 'looking' : 'look_again')}</button></div>
    ${kind === 'webchat' ? html`<div class="card">${copyable(chatSnippet(state.session.workspace, id), text('snippet'), actions, {rows: 3})}
      <p><a href="/webchat/${state.session.workspace}/${id}" target="_blank" rel="noopener">${text('try_chat')}</a></p></div>`
      : editor.draft.settings?.receive === 'poll' ? nothing
      : html`<div class="card">${copyable(`${location.origin}${path}`, text('webhook_address'), actions)}${isLocal() ? html`<p class="warm-text">${text('not_reachable')}</p>` : nothing}</div>`}
    ${stepsOf(kind)}`;
}

function agentAfter(state, actions) {
  const {editor} = state;
  if (!editor.view) return nothing;
  const {id, name} = editor.view;
  return html`<section class="card"><h3>${text('sign_in_link')}</h3><p class="quiet">${text('link_about')}</p>
    <div class="buttons"><button type="button" @click=${() => actions.makeLink(id)}>${text('make_link')}</button>
      <button type="button" @click=${() => actions.makeLink(id, ['admin'])}>${text('make_admin_link')}</button></div>
    ${state.link?.agent === id ? linkCard(state.link, name, actions) : nothing}</section>`;
}

function tryIt(state, actions) {
  const draft = actions.triedDraft();
  const context = {errors: new Map(), sources: state.sources};
  return html`<section class="card tried"><h3>${text('try_case')}</h3><p class="quiet">${text('try_case_about')}</p>
    <form class="form grid" @submit=${(event) => {
      event.preventDefault();
      actions.tryCase();
    }}>${actions.triedForm.fields.map((one) => field({...one, label: one.name}, draft[one.name], (value) => actions.changeTried({...draft, [one.name]: value}), context, `/tried/${one.name}`))}
      <div class="buttons"><button type="submit">${text('try_it')}</button></div></form>
    ${explained(state.explained)}</section>`;
}

function explained(found) {
  if (!found) return nothing;
  if (found.problem) return html`<p class="problem" role="alert">${text(`wrong_${found.problem}`)} <span class="sentence" dir="auto">${found.detail ?? ''}</span></p>`;
  return html`<div role="status"><p class="sentence" dir="auto"><b>${found.summary}</b></p>
    ${found.rule ? html`<p class="quiet small">${text('by_rule')} <bdi>${found.rule}</bdi></p>` : nothing}
    ${found.candidates?.length ? html`<ul class="candidates">${found.candidates.map((one) => html`<li><bdi>${one.name ?? one.agent}</bdi> <span class="chip ${one.eligible ? 'good' : ''}">${text(one.eligible ? 'may_take' : 'may_not_take')}</span>
      ${(one.filters ?? []).filter((filter) => !filter.passed).map((filter) => html` <span class="quiet small sentence" dir="auto">${filter.detail}</span>`)}</li>`)}</ul>` : nothing}</div>`;
}

function keyMade(state, actions) {
  const key = state.shownKey;
  return html`${title(text('key_made'))}<div class="card"><p>${text('key_once', {name: key.name})}</p>${copyable(key.secret, text('the_key'), actions)}
    <div class="buttons"><button type="button" class="primary" @click=${() => actions.go('keys', null, {sure: true})}>${text('key_kept')}</button></div></div>`;
}

const BEFORE = {accounts: accountBefore};
const AFTER = {agents: agentAfter, routing: tryIt};
export {addressOf};
