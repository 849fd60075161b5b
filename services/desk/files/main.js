// Starts the desk, and wires its parts: the state, what changes it, what shows it.

import {html, nothing, render} from './vendor/lit-html/lit-html.js';
import {createApi} from './api.js';
import {modal} from './dialogs.js';
import {shownList} from './inbox.js';
import {addStyle, hasKept, later, watch} from './later.js';
import {createListPlace, listAnchor, listRegion, settleList} from './list.js';
import {createNavigation} from './navigation.js';
import {createReader, nearsEnd} from './reader.js';
import {currentSession, endSession, hasIssuer, openSession, readFragment, signInDialog, signOutDialog} from './session.js';
import {createSettings} from './settings.js';
import {createStore, initialState} from './state.js';
import {createFollowing} from './following.js';
import {createThreads} from './threads.js';
import {bannerRegion, noticesRegion, topRegion, viewsRegion} from './views.js';
import {createWork} from './work.js';
import {addPart, language, setLanguage, text} from './words.js';

const NOTICE_MS = 7000;
const TICK_MS = 15_000;
const UNREACHED_MS = 3000;
/** Regions that other modules bring: `top` beside the name, `above` the list, `composer` below the thread, `me` in the settings. */
const PARTS = {top: [], above: [], composer: [], me: []};
/** Name → title and body; parts that are loaded later add theirs. */
const DIALOGS = {sign_out: signOutDialog};

const root = document.getElementById('desk');
const store = createStore({...initialState(), resolving: new Set(), said: ''});
const {state, update} = store;
const actions = {};
const listPlace = createListPlace(() => update(() => {}));

// -- what is said, asked and kept -----------------------------------------------------------------------------------

let noticeId = 0;
function say(words, {kind = '', action = null} = {}) {
  const id = (noticeId += 1);
  update(() => {
    state.notices = [...state.notices.slice(-2), {id, text: words, kind, action}];
    state.said = words;
  });
  setTimeout(() => actions.dismiss(id), action ? NOTICE_MS * 2 : NOTICE_MS);
}

let focusBefore = null;
function ask(name, data = {}) {
  focusBefore ??= document.activeElement;
  update(() => {
    state.dialog = {name, data};
  });
}

function closeDialog() {
  const back = focusBefore;
  focusBefore = null;
  update(() => {
    state.dialog = null;
  });
  requestAnimationFrame(() => back?.isConnected && back.focus());
}

const api = createApi({workspace: () => state.session.workspace, language, onUnauthorized: () => signInAgain()});
const threads = createThreads({state, update, api});
const reader = createReader({state, update, api});
const settings = createSettings({state, update, storage: localStorage});

// -- parts that are loaded when they are needed ---------------------------------------------------------------------------

let conversation = null;
let team = null;
let me = null;
let reading = null;
let writing = null;
let attention = null;
const loads = {
  words: later(() => addPart((tag) => import(`./words/conversation/${tag}.js`))),
  conversation: later(async () => {
    [conversation] = await Promise.all([import('./conversation.js'), addStyle('/desk/conversation.css', {first: true}), loads.words()]);
    Object.assign(DIALOGS, conversation.DIALOGS);
    reading = conversation.createReading(marking);
    update(() => {});
  }),
  team: later(async () => {
    [team] = await Promise.all([import('./team.js'), loads.words()]);
    update(() => {});
  }),
  me: later(async () => {
    [me] = await Promise.all([import('./me.js'), loads.words()]);
    update(() => {});
  }),
  writing: later(async () => {
    const [{createWriting}] = await Promise.all([import('./writing/writing.js'), loads.conversation()]);
    writing = createWriting({state, update, api, threads, say, work, actions, parts: PARTS, dialogs: DIALOGS, signInAgain: () => signInAgain()});
    await writing.start();
    stopWatching?.();
  }),
  attention: later(async () => {
    const {createAttention} = await import('./attention/attention.js');
    attention = await createAttention({state, update, api, say, actions, parts: PARTS, dialogs: DIALOGS});
  }),
};
let [hasBegun, stopWatching] = [false, null];

/** Load what shows the place where the agent is. */
function loadPlace() {
  if (state.dialog?.name === 'me') void Promise.all([loads.me(), loads.writing()]);
  if (state.place === 'team') loads.team();
  if (!state.open) return;
  loads.conversation();
  if (hasBegun) loads.writing();
}

const navigation = createNavigation({state, update, threads, reader, listPlace, loads});
const following = createFollowing({state, update, api, threads, reader, signInAgain: () => signInAgain(), attention: () => attention});
const work = createWork({state, update, api, threads, say, ask, focusNext: navigation.focusNext});
const marking = {
  isSeen: (id) => state.open === id && document.hasFocus() && !document.hidden && isAtEnd(),
  send: (id, message) => api.request('PUT', `${threads.path(id)}/read`, {body: {up_to: message}}),
};

function isAtEnd() {
  const scroller = root.querySelector('#thread');
  return Boolean(scroller) && scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 80;
}

Object.assign(actions, work, navigation.actions, settings.actions, {
  say, closeDialog, update, request: api.request,
  dialog: ask,
  dismiss: (id) => update(() => {
    state.notices = state.notices.filter((notice) => notice.id !== id);
  }),
  copy: async (words) => {
    await navigator.clipboard?.writeText(words);
    say(text('copied'));
  },
  reconnect: () => following.check(true),
  reloadPage: () => location.reload(),
  older: threads.older,
  newer: threads.newer,
  toEnd: async () => {
    const thread = state.threads.get(state.open);
    if (!thread.at_end) await threads.load(state.open);
    const scroller = root.querySelector('#thread');
    scroller.scrollTop = scroller.scrollHeight;
    update(() => {
      thread.newer = 0;
    });
  },
  signIn, signOut: () => ask('sign_out'), leave,
  speak: async (tag) => {
    await settings.speak(tag);
    if (state.open) threads.about(state.open);
    following.renew();
  },
});

// -- signing in and out ---------------------------------------------------------------------------------------------

let signedIn = null;
/** Ask on top of the page for a new sign-in; true when somebody has signed in again. */
function signInAgain(problem = null) {
  if (!signedIn) {
    let settle;
    const promise = new Promise((done) => {
      settle = done;
    });
    signedIn = {promise, settle};
    update(() => {
      state.signIn = {again: Boolean(state.session), problem, issuer: false, busy: false};
    });
    hasIssuer().then((issuer) => update(() => state.signIn && Object.assign(state.signIn, {issuer})));
  }
  return signedIn.promise;
}

async function signIn(proof) {
  update(() => Object.assign(state.signIn, {busy: true, problem: null}));
  const opened = await openSession(proof, language());
  if (opened.problem) {
    update(() => Object.assign(state.signIn, {busy: false, problem: opened.problem}));
    return;
  }
  const before = state.session;
  // Another agent gets a page of their own: nothing of the one before stays in it.
  if (before && (before.agent !== opened.agent || before.workspace !== opened.workspace)) {
    location.assign('/desk');
    return;
  }
  const {settle} = signedIn;
  signedIn = null;
  const session = (await currentSession()) ?? {...opened, scopes: []};
  update(() => Object.assign(state, {session, signIn: null}));
  settle(true);
}

async function leave(erase) {
  work.flush(true);
  if (erase && !writing && (await hasKept(state.session))) await loads.writing();
  await writing?.beforeLeaving(erase);
  await actions.beforeLeaving?.(erase);
  await endSession();
  location.assign('/desk');
}

// -- rendering --------------------------------------------------------------------------------------------------------

const loading = () => html`<p class="empty quiet" role="status" aria-busy="true">${text('loading')}</p>`;
const part = (name) => PARTS[name].map((region) => region(state, actions));

function mainRegion() {
  if (state.place === 'team') return html`<main id="main" class="pane" tabindex="-1">${team ? team.teamRegion(state, actions) : loading()}</main>`;
  if (!state.open) return html`<section class="pane none" aria-label=${text('conversation')}><p class="empty quiet">${text('choose_one')}</p></section>`;
  const isMain = state.place !== 'list';
  if (!conversation) return html`<section class="pane" id=${isMain ? 'main' : nothing} role=${isMain ? 'main' : 'region'} tabindex=${isMain ? '-1' : nothing} aria-label=${text('conversation')}>${loading()}</section>`;
  return html`<section class="pane" id=${isMain ? 'main' : nothing} role=${isMain ? 'main' : 'region'} tabindex=${isMain ? '-1' : nothing} aria-labelledby="conversation-title">${conversation.headerRegion(state, actions, attention ? conversation.whoRegion(state) : nothing)}
    <div class="body">${conversation.threadRegion(state, actions)}</div>${part('composer')}</section>`;
}

function dialogRegion() {
  if (!state.dialog) return nothing;
  const {name, data} = state.dialog;
  if (name === 'me') return modal({name, label: text('settings'), onClose: closeDialog, body: me ? me.meBody(state, actions, PARTS.me) : loading()});
  const dialog = DIALOGS[name];
  if (!dialog) return nothing;
  return modal({name, label: dialog.title(state, data), onClose: closeDialog, wide: dialog.wide, body: dialog.body(state, actions, data)});
}

function page() {
  if (!state.session) return html`<main class="outside"><h1><span class="mark" aria-hidden="true">پ</span> Pasokh</h1>${state.unreached ? html`<p role="status">${text('sign_in_unreachable')}</p>` : nothing}</main>${signInDialog(state, actions)}`;
  return html`${topRegion(state, actions, PARTS.top)}
    <div class="banners">${bannerRegion(state, actions)}${part('above')}</div>
    <div class="work" data-place=${state.place === 'list' || state.place === 'team' ? state.place : 'conversation'}>
      ${viewsRegion(state, actions)}${listRegion(state, actions, listPlace)}${mainRegion()}${state.place === 'team' ? nothing : (conversation?.panelRegion(state, actions) ?? nothing)}</div>
    <section class="tail" aria-label=${text('notices')}>${noticesRegion(state, actions)}</section>
    ${dialogRegion()}${signInDialog(state, actions)}`;
}

function draw() {
  loadPlace();
  writing?.follow();
  const list = listAnchor(listPlace);
  const thread = conversation?.threadAnchor(root);
  reader.prepare();
  render(page(), root);
  if (!state.session) return;
  settleList(listPlace, root, list);
  // Rows leave a list too, and then there may be nothing left to scroll.
  if (state.connection.live && shownList(state)?.complete === false && nearsEnd(listPlace.element)) reader.more();
  const open = state.threads.get(state.open);
  conversation?.settleThread(root, thread, open, state.open);
  const newest = open?.messages.findLast((message) => message.direction === 'inbound');
  reading?.look(state.open, newest?.id);
  attention?.drawn();
  root.classList.toggle('stale', !state.connection.live && Boolean(state.connection.since));
}

// -- start --------------------------------------------------------------------------------------------------------------

async function firstSession() {
  const {code, error} = readFragment(location, history);
  if (code) {
    const opened = await openSession({code}, language());
    if (opened.problem) return {problem: opened.problem === 'unknown' ? 'used' : opened.problem};
  }
  let session = await currentSession();
  // Without the server nothing can be shown; whoever is signed in need not sign in again for that.
  while (session === undefined) {
    update(() => Object.assign(state, {unreached: true}));
    await new Promise((done) => {
      setTimeout(done, UNREACHED_MS);
      addEventListener('online', done, {once: true});
    });
    session = await currentSession();
  }
  update(() => Object.assign(state, {unreached: false}));
  return {session, problem: error};
}

async function start() {
  await settings.load();
  store.subscribe(draw);
  const {session, problem} = await firstSession();
  if (session) update(() => Object.assign(state, {session}));
  else await signInAgain(problem);
  document.title = `${text('desk')} · ${state.session.workspace}`;
  navigation.route();
  await reader.start();
  hasBegun = true;
  following.start();
  stopWatching = watch(loads.writing);
  loads.attention();
  if (state.open || (await hasKept(state.session))) loads.writing();
  setInterval(() => update(() => {}), TICK_MS);
  addEventListener('pagehide', () => work.flush(true));
  settings.registerWorker();
}

setLanguage(settings.language()).then(start);
