// Keeps what the page shows true: by the stream of the inbox, and where streams do not get through, by asking.

import {forget, reduce} from './inbox.js';
import {createStream} from './stream.js';

/** Without the stream for so long, the page says so. */
const SAY_MS = 3000;
/** Where no stream begins within this time, the page asks instead, this often. */
const ASK_AFTER_MS = 10_000;
const ASK_MS = 5000;

/** When somebody last did something in any tab of this browser. */
const INPUT = 'pasokh-desk-input';
const INPUT_EVERY_MS = 5000;

/** Keep in mind when something was last done here. */
function noteInput(now = Date.now) {
  let written = 0;
  const note = () => {
    if (now() - written < INPUT_EVERY_MS) return;
    written = now();
    try {
      localStorage.setItem(INPUT, String(written));
    } catch {
      // Then only this tab knows of it, which is enough for one tab.
    }
  };
  note();
  for (const type of ['pointerdown', 'keydown', 'wheel', 'touchstart']) addEventListener(type, note, {passive: true, capture: true});
  return () => Math.max(0, Math.round((now() - Math.max(written, Number(localStorage.getItem(INPUT)) || 0)) / 1000));
}

/** What of a conversation decides about the lines that are read besides its messages. */
const signature = (row) => [row.status, row.agent, row.team, row.priority, row.snoozed_until, row.handoff?.state, row.due?.at, row.due?.state].join('|');

/** @param {{state: object, update: Function, api: object, threads: object, reader: object, signInAgain: Function}} page */
export function createFollowing({state, update, api, threads, reader, signInAgain, attention}) {
  let stream = null;
  let begun = false;
  let version = null;
  let lostTimer = 0;
  let aboutTimer = 0;
  let asking = 0;
  let idle = () => 0;

  async function anew() {
    await reader.anew();
    for (const [id, thread] of state.threads) {
      if (id === state.open) threads.load(id), reader.customer(id);
      else if (thread.ready) state.threads.delete(id);
    }
  }

  function about(id) {
    clearTimeout(aboutTimer);
    aboutTimer = setTimeout(() => threads.about(id), 400);
  }

  function hello(data) {
    state.skew = new Date(data.now).getTime() - Date.now();
    if (version && data.version !== version) state.newVersion = true;
    version ??= data.version;
    // Who is somewhere now is told anew.
    state.signals.clear();
    // Between the reading of the lists and the first stream something may have happened; and after a long interruption.
    if (!begun || data.reset) anew();
    begun = true;
  }

  function event({type, data, leads}) {
    const open = state.open;
    const before = type === 'row' && data.id === open ? signature(state.rows.get(open) ?? {}) : null;
    const known = type === 'row' ? state.rows.get(data.id) : undefined;
    update(() => {
      if (type === 'hello') hello(data);
      else if (type === 'beat') state.skew = new Date(data.now).getTime() - Date.now();
      else reduce(state, {type, data});
      if (type === 'row') forget(state);
    });
    // Tabs that follow another have read their lists behind its first event.
    begun ||= type !== 'hello';
    // The first one at once: from then on our silence is noticed.
    if ((type === 'beat' || type === 'hello') && leads) api.request('POST', '/agents/me/beat', {body: {idle_seconds: idle(), ...attention()?.beatBody()}});
    attention()?.heard({type, data, leads, known});
    if (before !== null && before !== signature(data)) about(open);
    if (type === 'customer' && open) reader.customer(open, data.persons);
  }

  function connection({live, at}) {
    clearTimeout(lostTimer);
    if (live) {
      clearInterval(asking);
      asking = 0;
      update(() => Object.assign(state, {connection: {live: true, since: null, at}}));
      return;
    }
    lostTimer = setTimeout(() => update(() => Object.assign(state, {connection: {live: false, since: at, at}})), SAY_MS);
  }

  /** The stream was refused: nobody may be signed in any more. */
  async function refused() {
    const answer = await api.request('GET', '/agents/me');
    if (answer.status === 403) signInAgain();
  }

  async function ask() {
    const answer = await api.request('GET', '/inbox/counts');
    if (!answer.ok || state.connection.live) return;
    update(() => Object.assign(state, {counts: answer.body}));
    await reader.list(true);
    if (state.open && state.threads.get(state.open)?.at_end) await threads.load(state.open);
  }

  return {
    start() {
      idle = noteInput();
      const {workspace, agent} = state.session;
      const address = `/v1/workspaces/${encodeURIComponent(workspace)}/inbox/stream`;
      stream = createStream({
        name: `pasokh-desk/${workspace}/${agent}`,
        url: (last) => (last ? `${address}?last_event_id=${encodeURIComponent(last)}` : address),
        onEvent: event, onState: connection, onRefused: refused,
      });
      setTimeout(() => {
        if (!begun) asking = setInterval(ask, ASK_MS);
      }, ASK_AFTER_MS);
      const look = () => stream.check(true);
      addEventListener('online', look);
      addEventListener('pageshow', look);
      addEventListener('offline', () => stream.drop());
      document.addEventListener('visibilitychange', () => document.hidden || look());
    },
    check: (doubt) => stream?.check(doubt),
    /** Sentences of the server are in the language of the page: those that are shown are read anew. */
    renew: () => reader.anew(),
  };
}
