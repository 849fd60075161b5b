// Reads what the page shows besides threads: the lists, the counts, the agents, the customer.

import {beginReading, listKey, shownList, takePage, viewsOf} from './inbox.js';

const PAGE = 50;
const AGAIN_MS = 3000;
/** With fewer pixels than this below what is seen, more is read. */
const READ_AHEAD = 1200;

/** Whether so little is left below what is seen that more is to be read. What is not shown has no end to come near to. */
export const nearsEnd = ({clientHeight, scrollHeight, scrollTop}) => clientHeight > 0 && scrollHeight - scrollTop - clientHeight < READ_AHEAD;

/** What searching compares: letters of Arabic and Persian keyboards are the same, digits too. */
export function folded(words) {
  return words.toLowerCase().normalize('NFKC').replace(/[يى]/g, 'ی').replace(/ك/g, 'ک').replace(/[\u064B-\u0652\u200C]/g, '')
    .replace(/[۰-۹]/g, (digit) => String(digit.charCodeAt(0) - 0x06f0)).replace(/[٠-٩]/g, (digit) => String(digit.charCodeAt(0) - 0x0660));
}

/** @param {{state: object, update: Function, api: object}} page */
export function createReader({state, update, api}) {
  const reading = new Set();

  const query = (cursor = null) => {
    const parameters = new URLSearchParams({view: state.view, sort: state.sort, limit: String(PAGE)});
    if (state.query.trim()) parameters.set('q', state.query.trim());
    if (cursor) parameters.set('cursor', cursor);
    return `/inbox?${parameters}`;
  };

  async function page(cursor, first) {
    const key = listKey(state.view, state.sort, state.query.trim());
    const mark = `${key} ${cursor}`;
    if (reading.has(mark)) return;
    reading.add(mark);
    const answer = await read(query(cursor), key, first);
    // What was refused is not asked for at each drawing.
    if (answer.ok || first) reading.delete(mark);
    else setTimeout(() => reading.delete(mark), AGAIN_MS);
  }

  /** Read a page of a list, and take it. */
  async function read(path, key, isFirst) {
    const begun = beginReading(state);
    const answer = await api.request('GET', path);
    if (answer.ok) update(() => takePage(state, key, answer.body, isFirst, begun));
    state.readings.delete(begun);
    return answer;
  }

  /** Read the list that is shown, unless it is there and true. */
  async function list(anew = false) {
    if (state.view === 'drafts') return drafts();
    const known = shownList(state);
    if (known && !known.provisional && !anew) return undefined;
    return page(null, true);
  }

  /** The conversations with a draft: those that no list has are read by themselves. */
  async function drafts() {
    for (const id of draftIds()) {
      if (state.rows.has(id)) continue;
      const answer = await api.request('GET', `/conversations/${encodeURIComponent(id)}`);
      if (answer.ok) update(() => state.rows.set(id, {customer: {name: null}, last: null, unanswered_since: null, due: null, failed: null, views: [], ...answer.body}));
    }
  }

  const draftIds = () => [...new Set([...state.drafts.entries()].filter(([, draft]) => draft.text?.trim()).map(([key]) => key.split('|')[0]))];

  async function counts() {
    const answer = await api.request('GET', '/inbox/counts');
    if (answer.ok) update(() => Object.assign(state, {counts: answer.body}));
  }

  async function me() {
    const answer = await api.request('GET', '/agents/me');
    if (answer.ok) update(() => {
      state.me = answer.body;
      state.agents.set(answer.body.id, answer.body);
    });
  }

  async function agents() {
    const found = await api.items('/agents');
    if (found) update(() => found.forEach((agent) => state.agents.set(agent.id, agent)));
  }

  async function workspace() {
    const [shop, teams] = await Promise.all([api.request('GET', ''), api.items('/teams')]);
    update(() => {
      if (shop.ok) state.workspaceName = shop.body.name;
      for (const team of teams ?? []) state.teams.set(team.id, team);
    });
  }

  return {
    list, counts, me, agents,
    async start() {
      await Promise.all([me(), counts(), list()]);
      // What the first screen can do without comes after it.
      agents();
      workspace();
    },
    async more() {
      const known = shownList(state);
      if (known && !known.complete && known.cursor) await page(known.cursor, false);
    },
    /** Before each rendering: the list of drafts, and what the team page adds up. */
    prepare() {
      if (state.view === 'drafts') {
        const ids = draftIds().filter((id) => state.rows.has(id));
        state.lists.set(listKey('drafts', state.sort, state.query.trim()), {ids, orders: new Map(), cursor: null, complete: true});
      }
      if (state.place !== 'team') return;
      state.teamRows = [...state.rows.values()].filter((row) => viewsOf(row, state.me).includes('team'));
      state.oldest = new Map();
      for (const row of state.teamRows) {
        const known = state.oldest.get(row.agent);
        if (row.agent && row.unanswered_since && (!known || row.unanswered_since < known.unanswered_since)) state.oldest.set(row.agent, row);
      }
    },
    /** A first answer to a search, of what is loaded. */
    searchLoaded() {
      const words = folded(state.query.trim());
      const key = listKey(state.view, state.sort, state.query.trim());
      const all = state.lists.get(listKey(state.view, state.sort, ''));
      if (!words || !all || state.lists.has(key)) return;
      const ids = all.ids.filter((id) => {
        const row = state.rows.get(id);
        return row && folded(`${row.customer?.name ?? ''} ${row.person} ${row.subject ?? ''} ${row.id}`).includes(words);
      });
      state.lists.set(key, {ids, orders: new Map(ids.map((id) => [id, all.orders.get(id)])), cursor: null, complete: true, provisional: true});
    },
    async team() {
      await agents();
      let cursor = null;
      for (let count = 0; count < 5; count += 1) {
        const mark = cursor ? `&cursor=${encodeURIComponent(cursor)}` : '';
        const answer = await read(`/inbox?view=team&sort=waiting&limit=100${mark}`, listKey('team', 'waiting', ''), !cursor);
        if (!answer.ok) return;
        cursor = answer.body.next;
        if (!cursor) return;
      }
    },
    /** The customer of an open conversation. What cannot be loaded without a network is read when it is opened again. */
    customer: (...of) => import('./customer/reading.js').then(({readCustomer}) => readCustomer({state, update, api}, ...of), () => {}),
    /** After an interruption that nothing tells the details of: everything anew. */
    async anew() {
      update(() => {
        for (const key of state.lists.keys()) if (key !== listKey(state.view, state.sort, state.query.trim())) state.lists.delete(key);
      });
      await Promise.all([me(), counts(), list(true)]);
    },
  };
}
