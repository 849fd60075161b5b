// The set-up of the shop: its own page below /desk/admin, and the first run. It is loaded when it is opened, and knows nothing of conversations.

import {html, nothing, render} from '../vendor/lit-html/lit-html.js';
import {createApi} from '../api.js';
import {modal} from '../dialogs.js';
import {currentSession, hasIssuer, openSession, readFragment, signInDialog} from '../session.js';
import {createSettings} from '../settings.js';
import {createStore} from '../state.js';
import {addWords, direction, language, LANGUAGES, setLanguage, text} from '../words.js';
import {changed, isChanged, remove, save, startEditing} from './editor.js';
import {createFirstRun, firstRunPage} from './first_run.js';
import {editPage, listPage} from './pages.js';
import {createParts} from './parts.js';
import {addressOf, idOf, NAMES, NEW, placeOf, SECTIONS} from './sections.js';
import {freeSlug} from './slugs.js';
import {createSources} from './sources.js';
import {startPage} from './start.js';

const SAID_MS = 6000;
/** The word of a problem of a field. */
const say = (code, params = {}) => text(`wrong_${code}`, params);

/** Load the words of the page and of this part of it. */
async function speak(tag) {
  await setLanguage(tag);
  addWords((await import(`./words/${tag}.js`)).default);
  document.documentElement.lang = tag;
  document.documentElement.dir = direction();
}

function addStyle() {
  const link = document.createElement('link');
  Object.assign(link, {rel: 'stylesheet', href: '/desk/admin/admin.css'});
  document.head.append(link);
  return new Promise((done) => {
    link.onload = done;
    link.onerror = done;
  });
}

/** Open the page in `root`. @param {Element} root */
export async function openAdmin(root) {
  const store = createStore({
    settings: {},
    session: null, signIn: null, section: 'start', id: null, items: null, editor: null, sources: {}, said: '', dialog: null, link: null,
    newId: '', channel: null, explained: null, shownKey: null, firstRun: null, more: {},
    // At once and not a frame later: whoever fills several fields in one go (a password manager) changes what is shown, field by field.
  }, (draw) => draw());
  const {state, update} = store;
  const settings = createSettings({state, update, storage: localStorage});
  await Promise.all([speak(settings.language()), addStyle()]);
  await settings.load();
  const api = createApi({workspace: () => state.session?.workspace ?? state.firstRun?.workspace ?? '', language, onUnauthorized: () => signInAgain()});
  const sources = createSources({state, update, api});
  let shown = 0;

  // -- what is said ---------------------------------------------------------------------------------------------------

  let saidLast = 0;
  function told(words) {
    update(() => {
      state.said = words;
    });
    clearTimeout(saidLast);
    saidLast = setTimeout(() => update(() => {
      state.said = '';
    }), SAID_MS);
  }

  // -- signing in -----------------------------------------------------------------------------------------------------

  let waiting = null;
  function signInAgain(problem = null) {
    if (!waiting) {
      let settle;
      const promise = new Promise((done) => {
        settle = done;
      });
      waiting = {promise, settle};
      update(() => {
        state.signIn = {again: Boolean(state.session), problem, issuer: false, busy: false};
      });
      hasIssuer().then((issuer) => update(() => state.signIn && Object.assign(state.signIn, {issuer})));
    }
    return waiting.promise;
  }

  async function signIn(proof) {
    update(() => Object.assign(state.signIn, {busy: true, problem: null}));
    const opened = await openSession(proof, language());
    if (opened.problem) return update(() => Object.assign(state.signIn, {busy: false, problem: opened.problem}));
    if (state.session && (state.session.agent !== opened.agent || state.session.workspace !== opened.workspace)) return location.assign('/desk');
    const {settle} = waiting;
    waiting = null;
    const session = (await currentSession()) ?? {...opened, scopes: []};
    update(() => Object.assign(state, {session, signIn: null}));
    settle(true);
  }

  async function ensureSession() {
    const {code} = readFragment(location, history);
    if (code) {
      const opened = await openSession({code}, language());
      if (opened.problem) {
        await signInAgain(opened.problem);
        return;
      }
    }
    const session = await currentSession();
    if (session) update(() => Object.assign(state, {session}));
    else await signInAgain();
  }

  // -- where one is ---------------------------------------------------------------------------------------------------

  const isDirty = () => isChanged(state.editor);
  const draw = (change) => update(change);

  /** Go to a place; what is not saved is asked about first. */
  function go(section, id = null, {replace = false, sure = false} = {}) {
    if (!sure && isDirty()) return actions.ask('unsaved', {then: () => go(section, id, {replace, sure: true})});
    history[replace ? 'replaceState' : 'pushState']({}, '', addressOf(section, id));
    return show(section, id);
  }

  async function show(section, id) {
    const turn = (shown += 1);
    update(() => Object.assign(state, {section, id, editor: null, items: null, dialog: null, link: null, explained: null, shownKey: null, newId: '', problem: null}));
    const {list} = SECTIONS[section];
    await sources.need(section);
    if (turn !== shown) return;
    if (list && id === null) await readList(section, turn);
    else if (!SECTIONS[section].page) await readOne(section, id, turn);
    document.title = `${text(`s_${section}`)} · Pasokh`;
    requestAnimationFrame(() => {
      document.getElementById('admin-title')?.focus({preventScroll: true});
      // On a phone the sections are a line that is longer than the page.
      document.querySelector('.sections [aria-current]')?.scrollIntoView({inline: 'center', block: 'nearest'});
    });
  }

  async function readList(section, turn = shown) {
    const items = await api.items(SECTIONS[section].list);
    if (turn === shown) update(() => Object.assign(state, {items: items ?? [], problem: items ? null : 'unreached'}));
  }

  async function readOne(section, id, turn) {
    if (id?.startsWith(NEW)) return openNew(section, id);
    const answer = await api.request('GET', SECTIONS[section].path(id));
    if (turn !== shown) return;
    update(() => {
      if (!answer.ok) state.problem = answer.status === 404 ? 'gone' : answer.status === 403 ? 'forbidden' : 'unreached';
      else state.editor = startEditing({section, id, view: answer.body, etag: answer.etag, schema: sources.schemaOf(section, answer.body.channel), root: sources.rootOf(section)});
    });
  }

  function openNew(section, id) {
    const channel = id.slice(1) || null;
    update(() => {
      state.channel = channel;
      if (section === 'accounts' && !channel) return;
      const schema = sources.schemaOf(section, channel);
      if (!schema) state.problem = 'gone';
      else state.editor = startEditing({section, id: NEW, view: null, schema, root: sources.rootOf(section), first: sources.firstOf(section, channel)});
    });
  }

  /** The id that a new thing gets, unless another is typed. */
  function idForNew() {
    const {section, editor} = state;
    if (state.newId) return state.newId;
    const taken = state.taken ?? [];
    if (section === 'accounts') return freeSlug('', taken, 'main');
    return freeSlug(editor.draft.name ?? editor.draft.title ?? '', taken, SECTIONS[section].kind);
  }

  const actions = {
    go, told, request: api.request, items: api.items, update: draw, isDirty, idForNew, readList, reload: () => show(state.section, state.id),
    change: (draft) => update(() => changed(state.editor, draft, say)),
    ask: (name, data = {}) => update(() => Object.assign(state, {dialog: {name, ...data}})),
    close: () => update(() => Object.assign(state, {dialog: null})),
    async copy(words) {
      await navigator.clipboard?.writeText(words);
      told(text('copied_it'));
    },
    async speak(chosen) {
      await settings.speak(chosen);
      await speak(chosen);
      draw(() => {});
    },
    signIn,
    async save({force = false} = {}) {
      const {editor, section} = state;
      const isNew = editor.view === null;
      const own = idForNew();
      const id = !isNew ? state.id : section === 'accounts' ? `${state.channel}/${own}` : own;
      const sending = save(editor, {request: api.request, id, say, force});
      draw(() => {});
      const answer = await sending;
      draw(() => {});
      if (answer?.ok && answer.status !== 202) {
        told(text('saved'));
        sources.forget();
        if (isNew) return go(section, idOf(section, answer.body), {replace: true, sure: true});
      } else {
        requestAnimationFrame(() => (root.querySelector('[aria-invalid="true"]') ?? document.getElementById('save-problem'))?.focus());
      }
      return undefined;
    },
    async remove() {
      const {editor, section, id} = state;
      const removing = remove(editor, {request: api.request, id});
      update(() => Object.assign(state, {dialog: null}));
      if (await removing) {
        sources.forget();
        told(text('deleted'));
        go(section, null, {replace: true, sure: true});
      } else draw(() => {});
    },
    discard() {
      const {then} = state.dialog;
      update(() => Object.assign(state, {editor: null, dialog: null}));
      then();
    },
  };
  Object.assign(actions, createParts({state, update, api, actions, sources}));
  const firstRun = createFirstRun({state, update, api, actions, sources});
  Object.assign(actions, firstRun.actions);

  addEventListener('popstate', () => {
    const {section, id} = placeOf(location.pathname);
    if (isDirty()) {
      const back = addressOf(state.section, state.id);
      history.pushState({}, '', back);
      actions.ask('unsaved', {then: () => go(section, id, {sure: true})});
    } else show(section, id);
  });
  addEventListener('beforeunload', (event) => {
    if (isDirty()) event.preventDefault();
  });

  store.subscribe(() => render(page(state, actions), root));
  if (await firstRun.begin()) return;
  await ensureSession();
  if (!state.session?.scopes?.includes('admin')) {
    update(() => Object.assign(state, {problem: 'forbidden', section: 'start'}));
    return;
  }
  const {section, id} = placeOf(location.pathname);
  await show(section, id);
}

// -- the frame ----------------------------------------------------------------------------------------------------------

const dialogs = {
  unsaved: (state, actions) => modal({name: 'unsaved', label: text('unsaved'), onClose: actions.close, body: html`<p>${text('unsaved_why')}</p>
    <div class="buttons"><button type="button" class="primary" autofocus @click=${actions.close}>${text('stay')}</button>
      <button type="button" class="danger" @click=${actions.discard}>${text('discard')}</button></div>`}),
  remove: (state, actions) => modal({name: 'remove', label: text('remove_sure', {name: state.dialog.title}), onClose: actions.close, body: html`
    <p>${text(`remove_${state.section}`)}</p>
    <div class="buttons"><button type="button" autofocus @click=${actions.close}>${text('cancel_it')}</button>
      <button type="button" class="danger" @click=${actions.remove}>${text('remove_do')}</button></div>`}),
  revoke: (state, actions) => modal({name: 'revoke', label: text('remove_sure', {name: state.dialog.title}), onClose: actions.close, body: html`
    <p>${text('remove_keys')}</p>
    <div class="buttons"><button type="button" autofocus @click=${actions.close}>${text('cancel_it')}</button>
      <button type="button" class="danger" @click=${() => actions.revoke(state.dialog.id)}>${text('remove_do')}</button></div>`}),
};

const linkTo = (actions, section, id, words, current = nothing) => html`<a href=${addressOf(section, id)} aria-current=${current}
  @click=${(event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    actions.go(section, id);
  }}>${words}</a>`;

function page(state, actions) {
  const isFirst = Boolean(state.firstRun);
  return html`
    <a class="skip" href="#main" @click=${(event) => {
      event.preventDefault();
      document.getElementById('main')?.focus();
    }}>${text('skip_to_form')}</a>
    <header class="top admin-top">
      <h1><span class="mark" aria-hidden="true">پ</span> ${text(isFirst ? 'first_run' : 'set_up')}
        ${state.session ? html`<bdi class="quiet small">${state.sources.name ?? state.session.workspace}</bdi>` : nothing}</h1>
      <span class="spacer"></span>
      <label class="language"><span class="hidden">${text('language_of_page')}</span><select @change=${(event) => actions.speak(event.target.value)}>
        ${Object.entries(LANGUAGES).map(([tag, {name}]) => html`<option value=${tag} lang=${tag} ?selected=${tag === language()}>${name}</option>`)}</select></label>
      ${state.session ? html`<a class="button" href="/desk" id="to-desk">${text('to_desk')}</a>` : nothing}
    </header>
    <div class="admin" data-first=${isFirst ? '' : nothing}>
      ${isFirst || state.problem === 'forbidden' ? nothing : html`<nav class="sections" aria-label=${text('set_up')}><ul>${NAMES.map((name) => html`<li>
        ${linkTo(actions, name, null, text(`s_${name}`), name === state.section ? 'page' : nothing)}</li>`)}</ul></nav>`}
      <main id="main" tabindex="-1">${isFirst ? firstRunPage(state, actions) : body(state, actions)}</main>
    </div>
    <p class="said" role="status" aria-live="polite">${state.said}</p>
    ${state.dialog ? dialogs[state.dialog.name](state, actions) : nothing}
    ${signInDialog(state, actions)}`;
}

function body(state, actions) {
  if (state.problem === 'forbidden') return html`<div class="card"><h2 id="admin-title" tabindex="-1">${text('not_admin')}</h2><p>${text('not_admin_why')}</p></div>`;
  if (!state.session) return nothing;
  if (SECTIONS[state.section].page) return startPage(state, actions, linkTo);
  if (SECTIONS[state.section].list && state.id === null) return listPage(state, actions, linkTo);
  return editPage(state, actions, linkTo);
}
