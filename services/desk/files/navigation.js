// Where the agent is: the view, the conversation, and their addresses.

import {listKey, SORTS, VIEWS} from './inbox.js';
import {nearsEnd} from './reader.js';
import {NEAR} from './threads.js';

const SEARCH_MS = 150;
/** The order of a view until another is chosen. */
const FIRST_SORT = {mine: 'due', waiting: 'waiting', snoozed: 'newest', mentions: 'newest', team: 'waiting', done: 'newest', drafts: 'newest'};

/** What an address shows. */
export function placeOf(pathname) {
  const [, , kind, name] = pathname.split('/');
  if (kind === 'c' && name) return {place: 'conversation', open: decodeURIComponent(name)};
  if (kind === 'v' && (VIEWS.includes(name) || name === 'drafts')) return {place: 'list', view: name};
  if (kind === 'team') return {place: 'team'};
  return {place: 'list'};
}

/**
 * @param {{state: object, update: Function, threads: object, reader: object, listPlace: object, loads: object}} page `loads` has
 *   what loads the part of the page that shows a place: `conversation`, `team`
 */
export function createNavigation({state, update, threads, reader, listPlace, loads}) {
  const sorts = {...FIRST_SORT};
  let searching = 0;

  const go = (address) => {
    if (location.pathname !== address) history.pushState({view: state.view}, '', address);
  };

  /** The focus goes to an element of a part that may still be on its way; not when the agent has gone elsewhere meanwhile. */
  async function focusIn(part, id) {
    const {pathname} = location;
    await loads[part]();
    requestAnimationFrame(() => location.pathname === pathname && document.getElementById(id)?.focus({preventScroll: true}));
  }

  function readOpen(id) {
    if (state.threads.get(id)?.ready) threads.about(id);
    else threads.load(id);
    reader.customer(id);
  }

  function show(view) {
    update(() => Object.assign(state, {view, place: 'list', query: '', sort: sorts[view] ?? 'newest'}));
    reader.list();
  }

  /** Show what the address says. */
  function route() {
    const {place, open, view} = placeOf(location.pathname);
    const last = view ?? history.state?.view ?? state.view;
    update(() => Object.assign(state, {place, view: last, sort: sorts[last] ?? 'newest', open: open ?? (place === 'conversation' ? state.open : null), panel: false}));
    if (open) readOpen(open);
    if (place === 'team') reader.team();
    reader.list();
  }

  addEventListener('popstate', route);

  const focusRow = (id) => document.querySelector(`.row[data-id="${CSS.escape(id)}"]`)?.focus();

  return {
    route,
    /** The focus goes to the row behind this one. */
    focusNext(id) {
      const at = listPlace.ids.indexOf(id);
      const next = listPlace.ids[at + 1] ?? listPlace.ids[at - 1];
      if (next) focusRow(next);
    },
    actions: {
      open(id) {
        update(() => Object.assign(state, {open: id, place: 'conversation', panel: false}));
        go(`/desk/c/${encodeURIComponent(id)}`);
        readOpen(id);
        const onPhone = matchMedia('(max-width: 43.74rem)').matches;
        if (onPhone || document.activeElement?.matches('.row:focus-visible')) void focusIn('conversation', 'conversation-title');
      },
      /** Back to the list. */
      close() {
        const id = state.open;
        update(() => Object.assign(state, {place: 'list', panel: false, open: null}));
        go(`/desk/v/${state.view}`);
        if (id) requestAnimationFrame(() => focusRow(id));
      },
      showView(view) {
        show(view);
        go(`/desk/v/${view}`);
      },
      showTeam() {
        update(() => Object.assign(state, {place: 'team', open: null}));
        go('/desk/team');
        reader.team();
        void focusIn('team', 'team-title');
      },
      setSort(sort) {
        if (!SORTS.includes(sort)) return;
        sorts[state.view] = sort;
        update(() => Object.assign(state, {sort}));
        reader.list();
      },
      /** What is loaded is searched at once, the rest a moment later. */
      search(query) {
        update(() => {
          state.query = query;
          reader.searchLoaded();
        });
        clearTimeout(searching);
        searching = setTimeout(() => reader.list(true), query.trim() ? SEARCH_MS : 0);
      },
      loadMore: () => reader.more(),
      listScrolled(event) {
        const near = nearsEnd(event.currentTarget);
        update(() => {});
        if (near) reader.more();
      },
      listPressed() {
        Object.assign(listPlace, {pressed: true, touched: performance.now()});
        addEventListener('pointerup', () => Object.assign(listPlace, {pressed: false, touched: performance.now()}), {once: true});
        addEventListener('pointercancel', () => Object.assign(listPlace, {pressed: false, touched: performance.now()}), {once: true});
      },
      threadScrolled(event) {
        const {scrollTop, scrollHeight, clientHeight} = event.currentTarget;
        if (scrollTop < 600) threads.older(state.open);
        const thread = state.threads.get(state.open);
        if (!thread) return;
        const left = scrollHeight - scrollTop - clientHeight;
        if (left < 600 && !thread.at_end) threads.newer(state.open);
        const above = left > NEAR;
        // Where the reader is at the end, the mark of what was read may move.
        if (!above || thread.reads_above !== above) update(() => Object.assign(thread, {reads_above: above, newer: above ? thread.newer : 0}));
      },
      togglePanel() {
        update(() => Object.assign(state, {panel: !state.panel}));
        if (state.panel) requestAnimationFrame(() => document.getElementById('panel')?.focus());
        else requestAnimationFrame(() => document.getElementById('do-panel')?.focus());
      },
      skip(event) {
        event.preventDefault();
        document.getElementById('main')?.focus();
      },
    },
    listKey,
  };
}
