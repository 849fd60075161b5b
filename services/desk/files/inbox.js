// What the rows, lists and counts of the inbox become by each event and each answer. Pure: changes the state that it is given.

export const SORTS = ['due', 'waiting', 'newest'];
export const VIEWS = ['mine', 'waiting', 'mentions', 'snoozed', 'team', 'done'];
/** How many rows are kept of all lists. */
export const MAX_ROWS = 2000;

export const listKey = (view, sort, query) => `${view}|${sort}|${query}`;
export const shownList = (state) => state.lists.get(listKey(state.view, state.sort, state.query.trim()));

const OPEN = new Set(['bot', 'waiting', 'offered', 'assigned', 'pending']);
const WITH_AGENT = new Set(['assigned', 'pending']);

/** The views that a row is in: as the server says, or, where it does not, by the page's own reckoning. */
export function viewsOf(row, me) {
  if (row.views) return row.views;
  const views = [];
  const inTeam = me?.teams?.includes(row.team) ?? false;
  if (row.agent === me?.id && WITH_AGENT.has(row.status)) views.push(row.snoozed_until ? 'snoozed' : 'mine');
  if (inTeam && (row.status === 'waiting' || row.status === 'offered')) views.push('waiting');
  if (inTeam && OPEN.has(row.status)) views.push('team');
  if (inTeam && row.status === 'resolved') views.push('done');
  return views;
}

/** Where a row stands in an order; ascending, character by character. */
export const orderOf = (row, sort) => row.orders?.[sort] ?? row.order ?? '';

/** The place of an order among sorted ids: the first whose own is greater. */
function placeOf(list, order) {
  let low = 0;
  let high = list.ids.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list.orders.get(list.ids[middle]) < order) low = middle + 1;
    else high = middle;
  }
  return low;
}

function takeOut(list, id) {
  const order = list.orders.get(id);
  if (order === undefined) return;
  // Orders end with the id, so that no two are the same; else it is looked for.
  const place = placeOf(list, order);
  const at = list.ids[place] === id ? place : list.ids.indexOf(id);
  list.ids.splice(at, 1);
  list.orders.delete(id);
}

function putIn(list, id, order) {
  if (list.orders.get(id) === order) return;
  takeOut(list, id);
  const at = placeOf(list, order);
  // Behind what has been read there may be others: the row comes with its page.
  if (at === list.ids.length && !list.complete && list.ids.length) return;
  list.ids.splice(at, 0, id);
  list.orders.set(id, order);
}

const parseKey = (key) => {
  const [view, sort, ...query] = key.split('|');
  return {view, sort, query: query.join('|')};
};

/** Begin to read a page: what events change until its answer is taken is newer than the answer, whichever comes first. */
export function beginReading(state) {
  const reading = {changed: new Set()};
  state.readings.add(reading);
  return reading;
}

function noteChange(state, id) {
  for (const reading of state.readings) reading.changed.add(id);
}

/** A row as it is now: in each list where it belongs, at its place. */
export function takeRow(state, row) {
  const known = state.rows.get(row.id);
  // An answer to an earlier question may come after the event.
  if (known && known.updated_at > row.updated_at) return;
  noteChange(state, row.id);
  state.rows.set(row.id, known ? {...known, ...row, offer: row.offer, snoozed_until: row.snoozed_until} : row);
  const views = viewsOf(row, state.me);
  for (const [key, list] of state.lists) {
    const {view, sort, query} = parseKey(key);
    if (views.includes(view) && (!query || list.orders.has(row.id))) putIn(list, row.id, orderOf(row, sort));
    else if (!views.includes(view)) takeOut(list, row.id);
  }
  const thread = state.threads.get(row.id);
  if (thread) Object.assign(thread, {gone: false, conversation: {...thread.conversation, ...row}});
}

/** The agent may not see a conversation any more; `agent` has it now. An open thread stays, and says so: somebody may be writing. */
export function dropRow(state, id, agent = null) {
  noteChange(state, id);
  const thread = state.threads.get(id);
  if (thread) Object.assign(thread, {gone: true, conversation: {...thread.conversation, ...(agent ? {agent} : {})}});
  for (const list of state.lists.values()) takeOut(list, id);
  state.rows.delete(id);
}

/** A page of a list, as REST answered it. The first page replaces what was there, but for what events `changed` since it was asked for. */
export function takePage(state, key, page, first, {changed} = {changed: new Set()}) {
  let list = state.lists.get(key);
  if (!list || first) {
    list = {ids: [], orders: new Map(), cursor: null, complete: false, loading: false};
    state.lists.set(key, list);
  }
  const {view, sort, query} = parseKey(key);
  const answered = new Set();
  for (const row of page.items) {
    answered.add(row.id);
    if (changed.has(row.id)) continue;
    const known = state.rows.get(row.id);
    const latest = known && known.updated_at > row.updated_at ? known : {...known, ...row, offer: row.offer, snoozed_until: row.snoozed_until};
    state.rows.set(row.id, latest);
    const order = orderOf(latest, sort);
    takeOut(list, row.id);
    const at = placeOf(list, order);
    list.ids.splice(at, 0, row.id);
    list.orders.set(row.id, order);
  }
  list.cursor = page.next;
  list.complete = !page.next;
  list.loading = false;
  for (const id of changed) {
    const row = state.rows.get(id);
    // Whether a new row fits a search, the server alone can say.
    if (row && viewsOf(row, state.me).includes(view) && (!query || answered.has(id))) putIn(list, id, orderOf(row, sort));
  }
}

/** Forget the rows that no list and no open thread needs, and the lists that are not shown, when there are too many. */
export function forget(state) {
  if (state.rows.size <= MAX_ROWS) return;
  const shown = listKey(state.view, state.sort, state.query.trim());
  for (const key of [...state.lists.keys()]) if (key !== shown) state.lists.delete(key);
  const needed = new Set(state.lists.get(shown)?.ids);
  for (const id of state.rows.keys()) if (!needed.has(id) && id !== state.open && !state.threads.has(id)) state.rows.delete(id);
}

const newest = (messages) => messages.at(-1);
const isBefore = (one, other) => one.received_at < other.received_at || (one.received_at === other.received_at && one.id < other.id);

/** A message that is new, or changed, in the thread where it belongs. */
export function takeMessage(state, message) {
  const thread = state.threads.get(message.conversation);
  if (!thread) return;
  const at = thread.messages.findIndex((one) => one.id === message.id);
  if (at >= 0) {
    thread.messages = thread.messages.with ? thread.messages.with(at, message) : Object.assign([...thread.messages], {[at]: message});
    return;
  }
  // Those behind the end of what is shown are read when the reader comes there.
  if (!thread.at_end && (!newest(thread.messages) || isBefore(newest(thread.messages), message))) {
    thread.newer += 1;
    return;
  }
  if (thread.older_cursor && thread.messages.length && isBefore(message, thread.messages[0])) return;
  const place = thread.messages.findLastIndex((one) => isBefore(one, message)) + 1;
  thread.messages = [...thread.messages.slice(0, place), message, ...thread.messages.slice(place)];
  if (thread.reads_above) thread.newer += 1;
}

/** Event of the stream → what it does to the state. */
export const EVENTS = {
  row: takeRow,
  gone: (state, {id, agent}) => dropRow(state, id, agent),
  counts: (state, counts) => {
    state.counts = counts;
  },
  message: (state, {message}) => takeMessage(state, message),
  me: (state, me) => {
    state.me = me;
    state.agents.set(me.id, me);
  },
  agent: (state, agent) => {
    state.agents.set(agent.id, agent);
  },
  offer: (state, offer) => {
    state.offers.set(offer.id, offer);
    if (offer.row) takeRow(state, offer.row);
  },
  offer_ended: (state, {id, why}) => {
    const offer = state.offers.get(id);
    if (offer) state.offers.set(id, {...offer, ended: why});
  },
  signal: (state, {conversation, agent, kind, name}) => {
    const here = state.signals.get(conversation) ?? new Map();
    if (kind === 'gone') here.delete(agent);
    else here.set(agent, {kind, name});
    if (here.size) state.signals.set(conversation, here);
    else state.signals.delete(conversation);
  },
};

/** Take in one event of the stream. Unknown ones, of a later version, are passed over. */
export function reduce(state, {type, data}) {
  EVENTS[type]?.(state, data);
}
