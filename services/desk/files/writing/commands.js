// Everything that an agent can do, by name: what single keys do, and the menu of Ctrl+K.

import {html, nothing} from '../vendor/lit-html/lit-html.js';
import {ref} from '../vendor/lit-html/directives/ref.js';
import {fold} from './canned.js';
import {viewsOfAgent} from '../views.js';
import {commandOf, zoneOf} from './keys.js';
import {text} from '../words.js';

const FINISHED = new Set(['resolved', 'closed']);
const conversationOf = (state) => (state.open ? (state.threads.get(state.open)?.conversation ?? null) : null);
const isOpen = (state) => Boolean(conversationOf(state)) && !FINISHED.has(conversationOf(state).status);
const isMine = (state) => isOpen(state) && (conversationOf(state).agent === state.me?.id || state.me?.role === 'lead');

/** Focus another row of the list; where a conversation is open beside it, that row's is opened. */
function move(by, state, actions) {
  const rows = [...document.querySelectorAll('#rows .row')];
  const focused = rows.indexOf(document.activeElement?.closest?.('.row'));
  const current = focused >= 0 ? focused : rows.findIndex((row) => row.dataset.id === state.open);
  const row = rows[Math.max(0, Math.min(rows.length - 1, current + by))];
  if (!row) return;
  if (focused >= 0 || !state.open) {
    row.focus();
    row.scrollIntoView({block: 'nearest'});
  } else {
    actions.open(row.dataset.id);
    requestAnimationFrame(() => document.getElementById('thread')?.focus());
  }
}

/** Name → `{label, run, when?, key?}`. The names are those that `keys.js` gives. */
export const COMMANDS = {
  reply: {key: 'R', label: () => text('write_reply'), when: (state) => Boolean(conversationOf(state)), run: (_, actions) => actions.compose('reply')},
  note: {key: 'N', label: () => text('write_note'), when: (state) => Boolean(conversationOf(state)), run: (_, actions) => actions.compose('note')},
  canned: {key: 'Ctrl+;', label: () => text('canned_answers'), when: (state) => Boolean(conversationOf(state)), run: (_, actions) => actions.openCanned()},
  claim: {key: 'A', label: () => text('claim'), when: (state) => isOpen(state) && !conversationOf(state).agent, run: (state, actions) => actions.claim(state.open)},
  resolve: {key: 'E', label: () => text('resolve'), when: isMine, run: (state, actions) => actions.resolve(state.open)},
  reopen: {label: () => text('reopen'), when: (state) => conversationOf(state)?.status === 'resolved', run: (state, actions) => actions.reopen(state.open)},
  snooze: {key: 'S', label: () => text('snooze'), when: isOpen, run: (state, actions) => actions.dialog('snooze', {id: state.open})},
  transfer: {label: () => text('transfer'), when: isOpen, run: (state, actions) => actions.dialog('transfer', {id: state.open})},
  take_over: {
    label: () => text('take_over'), run: (state, actions) => actions.dialog('take_over', {id: state.open}),
    when: (state) => isOpen(state) && state.me?.role === 'lead' && conversationOf(state).agent && conversationOf(state).agent !== state.me.id,
  },
  unread: {key: 'U', label: () => text('do_unread'), when: (state) => Boolean(conversationOf(state)), run: (state, actions) => actions.markUnread(state.open)},
  next: {key: 'J', label: () => text('do_next'), run: (state, actions) => move(1, state, actions)},
  previous: {key: 'K', label: () => text('do_previous'), run: (state, actions) => move(-1, state, actions)},
  search: {key: '/', label: () => text('do_search'), run: () => document.getElementById('search')?.focus()},
  offer: {key: 'F6', label: () => text('key_offer'), when: (state) => state.offers.size > 0, run: () => document.querySelector('[data-offer]')?.focus()},
  help: {key: '?', label: () => text('shortcuts'), run: (_, actions) => actions.dialog('shortcuts')},
};

/** @param {{state: object, update: Function, actions: object}} page */
export function createCommands({state, update, actions}) {
  const menu = {index: 0, query: ''};

  function listed() {
    const doable = Object.entries(COMMANDS).filter(([, command]) => command.when?.(state) ?? true);
    const places = viewsOfAgent(state).map(({view}) => [`view_${view}`, {label: () => text('do_view', {name: text(`view_${view}`)}), run: () => actions.showView(view)}]);
    const words = fold(menu.query).split(' ');
    return [...doable, ...places].filter(([, command]) => words.every((word) => fold(command.label()).includes(word)));
  }

  function run(name) {
    const command = COMMANDS[name];
    if (command && (command.when?.(state) ?? true)) command.run(state, actions);
  }

  function onKey(event) {
    if (!state.session || state.signIn) return;
    const name = commandOf(event, {zone: state.dialog ? 'text' : zoneOf(event.target), enabled: state.settings.shortcuts !== 'off'});
    if (!name) return;
    event.preventDefault();
    if (name !== 'menu') return run(name);
    if (state.dialog?.name === 'menu') return actions.closeDialog();
    Object.assign(menu, {index: 0, query: ''});
    actions.dialog('menu');
  }

  function choose(command) {
    actions.closeDialog();
    // The dialog gives the focus back first; what is chosen may put it elsewhere.
    requestAnimationFrame(() => requestAnimationFrame(() => command.run(state, actions)));
  }

  function inMenu(event) {
    if (event.isComposing || event.keyCode === 229) return;
    // What is typed now, and not what was drawn last: who types fast presses Enter before the next frame.
    const items = listed();
    const by = {ArrowDown: 1, ArrowUp: -1}[event.key];
    if (by && items.length) {
      event.preventDefault();
      update(() => {
        menu.index = (menu.index + by + items.length) % items.length;
      });
    } else if (event.key === 'Enter' && items[menu.index]) {
      event.preventDefault();
      choose(items[menu.index][1]);
    }
  }

  function menuBody() {
    const items = listed();
    menu.index = Math.min(menu.index, Math.max(0, items.length - 1));
    return html`<div class="menu"><input type="text" role="combobox" aria-expanded="true" aria-autocomplete="list" aria-controls="commands" aria-activedescendant=${items.length ? `command-${menu.index}` : nothing}
        aria-label=${text('menu_search')} placeholder=${text('menu_search')} autocomplete="off" autofocus dir="auto" .value=${menu.query}
        @input=${(event) => update(() => Object.assign(menu, {query: event.target.value, index: 0}))} @keydown=${inMenu}>
      ${items.length ? nothing : html`<p class="quiet" role="status">${text('menu_none')}</p>`}
      <ul role="listbox" id="commands" aria-label=${text('menu')}>${items.map(([, command], place) => html`<li role="option" id="command-${place}" aria-selected=${place === menu.index ? 'true' : 'false'} @click=${() => choose(command)} ${ref((element) => place === menu.index && element?.scrollIntoView({block: 'nearest'}))}>
        <span>${command.label()}</span>${command.key ? html` <kbd dir="ltr">${command.key}</kbd>` : nothing}</li>`)}</ul></div>`;
  }

  function shortcutsBody() {
    const rows = [...Object.values(COMMANDS).filter((command) => command.key), {key: 'Ctrl+K', label: () => text('menu')}, {key: 'Ctrl+Enter', label: () => text('key_send')}, {key: 'Shift+Enter', label: () => text('key_break')}];
    return html`<p>${text('shortcuts_where')}</p><table class="keys"><caption class="hidden">${text('shortcuts')}</caption><tbody>${rows.map((row) => html`<tr><th scope="row">${row.label()}</th><td><kbd dir="ltr">${row.key}</kbd></td></tr>`)}</tbody></table>${settings()}`;
  }

  /** What an agent sets about keys. */
  const settings = () => html`
    <label class="check"><input type="checkbox" .checked=${state.settings.shortcuts !== 'off'} @change=${(event) => actions.set('shortcuts', event.target.checked ? 'on' : 'off')}> ${text('shortcuts_on')}</label>
    <label class="check"><input type="checkbox" .checked=${(state.settings.enter ?? 'enter') === 'enter'} @change=${(event) => actions.set('enter', event.target.checked ? 'enter' : 'ctrl')}> ${text('enter_sends')}</label>`;

  return {
    onKey, settings,
    dialogs: {menu: {title: () => text('menu'), body: menuBody}, shortcuts: {title: () => text('shortcuts'), body: shortcutsBody}},
  };
}
