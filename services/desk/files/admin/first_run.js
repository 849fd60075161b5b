// The first run: shop, first channel, first agents, and a test message that is answered. It begins by a link of the terminal, or goes on
// at /desk/admin/first-run.

import {html, nothing} from '../vendor/lit-html/lit-html.js';
import {live} from '../vendor/lit-html/directives/live.js';
import {currentSession, openSession} from '../session.js';
import {language, languageName, listOf, text} from '../words.js';
import {field} from './fields.js';
import {draftOf, problemsOf, valueOf} from './form_values.js';
import {formOf} from './forms.js';
import {chatSnippet, copyable, health, linkCard} from './pieces.js';
import {randomText} from './random.js';
import {SHOP} from './schemas.js';
import {freeSlug, originsOf, SLUG} from './slugs.js';

const STEPS = ['shop', 'channel', 'agents', 'test'];
const PATH = '/desk/admin/first-run';
const BEGUN = 'pasokh-first-run';
const LOOK_MS = 1500;
const OWN = {'Pasokh-Desk': '1', 'Content-Type': 'application/json', Accept: 'application/json'};
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone ?? 'UTC';

/** What was begun in this tab by which code: a reload in the middle goes on with its session. */
const begun = {
  read(code) {
    try {
      const kept = JSON.parse(sessionStorage.getItem(BEGUN));
      return kept?.code === code ? kept.workspace : null;
    } catch {
      return null;
    }
  },
  keep(code, workspace) {
    try {
      sessionStorage.setItem(BEGUN, JSON.stringify({code, workspace}));
    } catch {
      // Without a place to keep it, it goes on as long as the page is open.
    }
  },
};

export function createFirstRun({state, update, api, actions}) {
  const form = formOf(SHOP);
  const set = (values) => update(() => Object.assign(state.firstRun, values));

  /** Open the first run where the address asks for one; whether it does. */
  async function begin() {
    const code = new URLSearchParams(location.hash.slice(1)).get('first-run');
    if (!code && location.pathname !== PATH) return false;
    const first = {name: '', languages: [...new Set([language(), 'en'])], timezone: zone()};
    const workspace = (code && begun.read(code)) ?? '';
    update(() => {
      state.firstRun = {
        step: 'shop', code, workspace, shopId: workspace, begun: workspace !== '', form, draft: draftOf(form, first), owner: '', errors: new Map(), problem: null, busy: false,
        kind: 'webchat', channels: new Set(), origins: '', token: '', apiBase: '', account: null, name: '', speaks: [], made: [], message: null, answer: '', answered: false,
      };
    });
    if (!code) await resume();
    return true;
  }

  /** Go on after the shop was made: by the session of an agent, or of the first run itself. */
  async function resume() {
    const session = await currentSession();
    if (!session?.scopes?.includes('admin')) {
      location.replace('/desk');
      return;
    }
    update(() => Object.assign(state, {session}));
    await readShop();
    set({step: state.firstRun.account ? 'agents' : 'channel'});
  }

  async function readShop() {
    const [shop, accounts, agents] = await Promise.all([api.request('GET', ''), api.items('/accounts'), api.items('/agents')]);
    update(() => {
      state.sources.name = shop.body?.name;
      Object.assign(state.firstRun, {workspace: state.session.workspace, speaks: shop.body?.languages ?? ['en'], languages: shop.body?.languages ?? ['en'], account: accounts?.[0] ?? null, channels: new Set((accounts ?? []).map((one) => one.channel)), made: agents ?? []});
    });
  }

  const shopId = () => state.firstRun.shopId || freeSlug(state.firstRun.draft.name, [], 'shop');

  function shopProblems() {
    const run = state.firstRun;
    const found = new Map(problemsOf(form, run.draft).map(({pointer, code, params}) => [pointer, [text(`wrong_${code}`, params)]]));
    if (!run.owner.trim()) found.set('/owner', [text('wrong_needed')]);
    if (!SLUG.test(shopId())) found.set('/id', [text('wrong_wrong_form')]);
    return found;
  }

  /** Make the shop and its owner, step by step, so that a try after a failure goes on where it stopped. */
  async function makeShop() {
    const run = state.firstRun;
    set({errors: shopProblems(), problem: null, tried: true});
    if (run.errors.size) return;
    set({busy: true});
    const problem = await shopSteps(run).catch(() => 'unreached');
    set({busy: false, problem});
    if (problem) return;
    history.replaceState({}, '', PATH);
    await readShop();
    set({step: 'channel'});
  }

  async function shopSteps(run) {
    if (!run.begun) {
      const answer = await fetch('/v1/desk/first-run', {
        method: 'POST', headers: {...OWN, 'Accept-Language': language()}, credentials: 'same-origin', body: JSON.stringify({code: run.code, workspace: shopId()}),
      });
      if (answer.status === 409) return 'shop_taken';
      if (!answer.ok) return {401: 'link_used', 403: 'insecure'}[answer.status] ?? 'failed';
      Object.assign(run, {begun: true, workspace: shopId()});
      begun.keep(run.code, run.workspace);
    }
    const shop = await api.request('PUT', '', {body: valueOf(form, run.draft), wait: 10});
    if (!shop.ok) {
      set({errors: new Map((shop.body?.errors ?? []).map(({pointer, detail}) => [pointer, [detail]]))});
      return shop.status === 422 ? 'refused' : 'failed';
    }
    const id = freeSlug(run.owner, [], 'owner');
    const skills = Object.fromEntries(run.draft.languages.map((tag) => [`lang:${tag}`, 3]));
    const owner = await api.request('PUT', `/agents/${id}`, {body: {name: run.owner.trim(), teams: ['default'], role: 'lead', skills}, wait: 10});
    if (!owner.ok || owner.status === 202) return 'failed';
    const link = await api.request('POST', `/agents/${id}/sign-in`, {body: {scopes: ['admin']}});
    const code = link.ok ? new URL(link.body.url).hash.replace('#code=', '') : null;
    const opened = code ? await openSession({code}, language()) : {problem: 'failed'};
    if (opened.problem) return 'failed';
    const session = await currentSession();
    update(() => Object.assign(state, {session}));
    return null;
  }

  async function makeAccount() {
    const run = state.firstRun;
    const [path, body] = run.kind === 'webchat'
      ? ['/accounts/webchat/main', {name: state.sources.name, credentials: {identity_secret: randomText(), allowed_origins: originsOf(run.origins)}}]
      : ['/accounts/telegram/main', {name: state.sources.name, credentials: {bot_token: run.token.trim()}, settings: {receive: 'poll'}, ...(run.apiBase.trim() ? {api_base: run.apiBase.trim()} : {})}];
    if (run.kind === 'telegram' && !run.token.trim()) return set({errors: new Map([['/token', [text('wrong_needed')]]])});
    set({busy: true, problem: null, errors: new Map()});
    const answer = await api.request('PUT', path, {body, wait: 10});
    if (!answer.ok) {
      const at = {'/credentials/bot_token': '/token', '/credentials/allowed_origins': '/origins', '/api_base': '/apiBase'};
      set({busy: false, problem: 'refused', errors: new Map((answer.body?.errors ?? []).map(({pointer, detail}) => [at[pointer] ?? at[pointer.replace(/\/\d+$/, '')] ?? '', [detail]]))});
      return undefined;
    }
    set({busy: false, account: answer.body, channels: new Set([...run.channels, run.kind])});
    if (run.kind === 'telegram') await lookAt(path);
    return undefined;
  }

  /** The platform is asked within seconds: what it says of the token is shown as it comes. */
  async function lookAt(path) {
    const {channel} = state.firstRun.account;
    const isShown = () => state.firstRun.step === 'channel' && state.firstRun.account?.channel === channel;
    for (let look = 0; look < 10 && isShown(); look += 1) {
      await pause(LOOK_MS);
      const answer = await api.request('GET', path);
      if (answer.ok && isShown()) set({account: answer.body});
      if (answer.body?.health?.state !== 'ok') break;
    }
  }

  async function makeAgent() {
    const run = state.firstRun;
    const name = run.name.trim();
    if (!name) return set({errors: new Map([['/name', [text('wrong_needed')]]])});
    set({busy: true, problem: null, errors: new Map()});
    const id = freeSlug(name, run.made.map((one) => one.id), 'agent');
    const skills = Object.fromEntries(run.speaks.map((tag) => [`lang:${tag}`, 4]));
    const answer = await api.request('PUT', `/agents/${id}`, {body: {name, teams: ['default'], skills}, wait: 10});
    set({busy: false, problem: answer.ok ? null : 'failed', ...(answer.ok ? {made: [...run.made, answer.body], name: ''} : {})});
    if (answer.ok) await actions.makeLink(id);
    return undefined;
  }

  /** Go online, and look for a customer's message until there is one. */
  async function watch() {
    await api.request('PUT', '/agents/me/presence', {body: {status: 'online'}, wait: 10});
    while (state.firstRun.step === 'test' && !state.firstRun.message) {
      const found = await api.items('/conversations', {pages: 1});
      const [conversation] = found ?? [];
      if (conversation) {
        const messages = await api.items(`/conversations/${conversation.id}/messages`, {pages: 1});
        const message = (messages ?? []).findLast((one) => one.direction === 'inbound');
        if (message) set({conversation, message});
      }
      await pause(LOOK_MS);
    }
  }

  async function sendAnswer() {
    const run = state.firstRun;
    if (!run.answer.trim()) return;
    run.key ??= crypto.randomUUID();
    set({busy: true, problem: null});
    const answer = await api.request('POST', `/conversations/${run.conversation.id}/replies`, {body: {text: run.answer.trim(), surface: run.message.surface}, key: run.key, wait: 10});
    set({busy: false, answered: answer.ok, problem: answer.ok ? null : 'failed', detail: answer.body?.detail ?? ''});
    if (!answer.ok && answer.status) run.key = null;
  }

  return {
    begin,
    actions: {
      setRun: (values) => {
        set(values);
        if (state.firstRun.step === 'shop' && state.firstRun.tried) set({errors: shopProblems()});
      },
      shopId, makeShop, makeAccount, makeAgent, sendAnswer,
      toStep(step) {
        set({step, problem: null, errors: new Map()});
        if (step === 'test') watch();
        requestAnimationFrame(() => document.getElementById('admin-title')?.focus({preventScroll: true}));
      },
    },
  };
}

// -- what it shows --------------------------------------------------------------------------------------------------------

const errorOf = (run, place) => {
  const found = run.errors.get(place);
  return found ? html`<p class="problem" id="error${place.replace('/', '-')}" dir="auto">${found.map((one) => html`<span>${one}</span>`)}</p>` : nothing;
};

const input = (run, name, label, actions, {type = 'text', dir = 'auto', note = null, id = `run-${name}`, autocomplete = 'off'} = {}) => html`<div class="field"><label for=${id}>${label}</label>
  <input id=${id} type=${type} dir=${dir} autocomplete=${autocomplete} .value=${live(run[name])} aria-invalid=${run.errors.has(`/${name}`) ? 'true' : nothing}
    aria-describedby=${run.errors.has(`/${name}`) ? `error-${name}` : nothing} @input=${(event) => actions.setRun({[name]: event.target.value})}>
  ${note ? html`<p class="help">${note}</p>` : nothing}${errorOf(run, `/${name}`)}</div>`;

const problemOf = (run) => (run.problem
  ? html`<div class="problem card" role="alert"><p>${text(`run_${run.problem}`)}</p>${run.detail ? html`<p class="sentence" dir="auto">${run.detail}</p>` : nothing}${(run.errors.get('') ?? []).map((one) => html`<p dir="auto">${one}</p>`)}</div>`
  : nothing);

const submitted = (act) => (event) => {
  event.preventDefault();
  act();
};

export function firstRunPage(state, actions) {
  const run = state.firstRun;
  const at = STEPS.indexOf(run.step);
  return html`<ol class="steps-bar" aria-label=${text('first_run')}>${STEPS.map((step, index) => html`<li aria-current=${index === at ? 'step' : nothing} class=${index < at ? 'done' : ''}>${text(`step_${step}`)}</li>`)}</ol>
    ${VIEWS[run.step](state, actions, run)}`;
}

function shopView(state, actions, run) {
  const context = {errors: run.errors, sources: {}};
  return html`<h2 id="admin-title" tabindex="-1">${text('step_shop')}</h2><p class="quiet">${text('shop_about')}</p>
    <form class="form stack" novalidate @submit=${submitted(actions.makeShop)}>
      ${field(run.form, run.draft, (draft) => actions.setRun({draft}), context)}
      ${input(run, 'owner', text('your_name'), actions, {note: text('your_name_note'), autocomplete: 'name'})}
      <details class="own-id" ?open=${run.problem === 'shop_taken'}><summary>${text('id_is')} <code dir="ltr">${actions.shopId()}</code></summary>
        ${input(run, 'shopId', text('f_id'), actions, {dir: 'ltr', note: text('n_id')})}${errorOf(run, '/id')}</details>
      ${problemOf(run)}
      <div class="buttons"><button type="submit" class="primary" ?disabled=${run.busy}>${text('make_shop')}</button></div>
    </form>`;
}

function channelView(state, actions, run) {
  if (run.account) return connectedView(state, actions, run);
  const choice = (kind) => html`<label class="card choice"><input type="radio" name="kind" value=${kind} .checked=${live(run.kind === kind)} @change=${() => actions.setRun({kind})}>
    <span><b>${text(`first_${kind}`)}</b><span class="quiet small">${text(`ch_${kind}`)}</span></span></label>`;
  return html`<h2 id="admin-title" tabindex="-1">${text('step_channel')}</h2>
    <form class="form stack" novalidate @submit=${submitted(actions.makeAccount)}>
      <fieldset class="group"><legend>${text('which_channel')}</legend><div class="choices-two">${choice('webchat')}${choice('telegram')}</div></fieldset>
      ${run.kind === 'webchat'
        ? input(run, 'origins', text('shop_address'), actions, {dir: 'ltr', note: text('shop_address_note')})
        : html`<ol class="steps">${text('steps_telegram').split('\n').slice(0, 1).map((step) => html`<li class="sentence">${step}</li>`)}</ol>
          ${input(run, 'token', text('f_bot_token'), actions, {type: 'password', dir: 'ltr', autocomplete: 'new-password'})}
          <details class="own-id" ?open=${run.errors.has('/apiBase')}><summary>${text('own_server')}</summary>${input(run, 'apiBase', text('f_api_base'), actions, {dir: 'ltr'})}</details>`}
      ${problemOf(run)}
      <div class="buttons"><button type="submit" class="primary" ?disabled=${run.busy}>${text('connect')}</button>
        <button type="button" @click=${() => actions.toStep('agents')}>${text('later')}</button></div>
    </form>`;
}

function connectedView(state, actions, run) {
  const {channel, id} = run.account;
  return html`<h2 id="admin-title" tabindex="-1">${text('channel_connected')}</h2>
    <div class="card">${health(run.account.health)}</div>
    ${channel === 'webchat' ? html`<div class="card">${copyable(chatSnippet(state.session.workspace, id), text('snippet'), actions, {rows: 3})}</div>` : nothing}
    <div class="buttons"><button type="button" class="primary" @click=${() => actions.toStep('agents')}>${text('go_on')}</button>
      <button type="button" @click=${() => actions.setRun({account: null, kind: channel === 'webchat' ? 'telegram' : 'webchat'})}>${text('another_channel')}</button></div>`;
}

function agentsView(state, actions, run) {
  const speaks = (tag, on) => actions.setRun({speaks: on ? [...run.speaks, tag] : run.speaks.filter((other) => other !== tag)});
  return html`<h2 id="admin-title" tabindex="-1">${text('step_agents')}</h2><p class="quiet">${text('agents_about')}</p>
    <ul class="things">${run.made.map((one) => html`<li class="card"><div class="titled"><b><bdi>${one.name}</bdi></b>
        ${one.id === state.session?.agent ? html`<span class="quiet small">${text('that_is_you')}</span>` : html`<button type="button" @click=${() => actions.makeLink(one.id)}>${text('make_link')}</button>`}</div>
      <p class="quiet small">${listOf(Object.keys(one.skills).map((skill) => languageName(skill.replace('lang:', ''))))}</p>
      ${state.link?.agent === one.id ? linkCard(state.link, one.name, actions) : nothing}</li>`)}</ul>
    <form class="form stack card" novalidate @submit=${submitted(actions.makeAgent)}>
      ${input(run, 'name', text('colleague_name'), actions)}
      <fieldset class="group"><legend>${text('speaks')}</legend><div class="checks">${(run.languages ?? []).map((tag) => html`<label class="check"><input type="checkbox" .checked=${live(run.speaks.includes(tag))} @change=${(event) => speaks(tag, event.target.checked)}> ${languageName(tag)}</label>`)}</div></fieldset>
      ${problemOf(run)}
      <div class="buttons"><button type="submit" ?disabled=${run.busy}>${text('add_colleague')}</button></div></form>
    <div class="buttons"><button type="button" class="primary" @click=${() => actions.toStep('test')}>${text('go_on')}</button></div>`;
}

function testView(state, actions, run) {
  const places = [
    run.channels.has('webchat') ? html`<a href="/webchat/${state.session.workspace}/main" target="_blank" rel="noopener" id="try-chat">${text('try_chat')}</a>` : null,
    run.channels.has('telegram') ? text('write_to_bot') : null,
  ].filter(Boolean);
  return html`<h2 id="admin-title" tabindex="-1">${text('step_test')}</h2>
    ${places.length ? html`<p>${text('test_about')}</p><ul class="plain-list">${places.map((place) => html`<li>${place}</li>`)}</ul>` : html`<p>${text('no_channel_yet')}</p>`}
    <div class="card test" aria-live="polite">${run.message
      ? html`<p class="quiet small">${text('from_customer', {name: run.message.author?.name ?? text('a_visitor')})}</p><p class="said-by-customer" dir="auto" id="first-message">${run.message.text}</p>`
      : html`<p class="quiet" id="waiting-for-message">${text('waiting_for_message')}</p>`}
      ${run.answered ? html`<p class="own-answer" dir="auto">${run.answer}</p><p class="good-text" id="first-answered">✓ ${text('first_answered')}</p>` : nothing}</div>
    ${run.message && !run.answered ? html`<form class="form stack" @submit=${submitted(actions.sendAnswer)}>
      <div class="field"><label for="run-answer">${text('your_answer')}</label><textarea id="run-answer" rows="3" dir="auto" .value=${live(run.answer)} @input=${(event) => actions.setRun({answer: event.target.value})}></textarea></div>
      ${problemOf(run)}<div class="buttons"><button type="submit" class="primary" ?disabled=${run.busy}>${text('send_answer')}</button></div></form>` : nothing}
    <div class="buttons"><a class="button ${run.answered ? 'primary' : ''}" href="/desk" id="open-desk">${text('open_desk')}</a>
      <a class="button" href="/desk/admin">${text('set_up_more')}</a></div>`;
}

const VIEWS = {shop: shopView, channel: channelView, agents: agentsView, test: testView};
