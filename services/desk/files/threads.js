// Reads the threads: the newest messages first, older and newer ones as the reader scrolls.

/** At most so many messages are in the document; more are read as one scrolls, and the others let go. */
const MAX_MESSAGES = 300;
const PAGE = 50;
/** So near to an end, in pixels, the reader is taken to be there. */
export const NEAR = 48;

const emptyThread = (row) => ({
  conversation: row, messages: [], clocks: [], decisions: [], events: [], older_cursor: null, at_end: true, newer: 0, ready: false, first_new: null,
});
/** So many threads are kept, so that going back shows them at once. */
const KEPT = 8;

/**
 * @param {{state: object, update: (change: Function) => void, api: object}} page
 */
export function createThreads({state, update, api}) {
  const reading = new Set();

  /** Do `work` unless the same is under way. */
  async function once(key, work) {
    if (reading.has(key)) return;
    reading.add(key);
    try {
      await work();
    } finally {
      reading.delete(key);
    }
  }

  const path = (id) => `/conversations/${encodeURIComponent(id)}`;

  async function messages(id, query) {
    const answer = await api.request('GET', `${path(id)}/messages?albums=true&limit=${PAGE}&${query}`);
    return answer.ok ? answer.body : null;
  }

  /** Everything about a conversation but its messages. */
  async function about(id) {
    const [conversation, clocks, decisions, events] = await Promise.all([
      api.request('GET', path(id)),
      api.request('GET', `${path(id)}/clocks?limit=200`),
      api.request('GET', `${path(id)}/decisions?limit=200&lang=${state.language}`),
      api.request('GET', `${path(id)}/events?limit=200&order=desc`),
    ]);
    update(() => {
      const thread = state.threads.get(id);
      if (!thread) return;
      if (conversation.ok) thread.conversation = {...thread.conversation, ...conversation.body, offer: conversation.body.offer, snoozed_until: conversation.body.snoozed_until};
      if (clocks.ok) thread.clocks = clocks.body.items;
      if (decisions.ok) thread.decisions = decisions.body.items;
      if (events.ok) thread.events = events.body.items;
      if (conversation.status === 404) thread.gone = true;
    });
    return conversation.status;
  }

  /** Read a conversation for the first time, or anew. */
  async function load(id) {
    await once(`load ${id}`, async () => {
      if (!state.threads.has(id)) update(() => state.threads.set(id, emptyThread(state.rows.get(id) ?? null)));
      const described = about(id);
      const page = await messages(id, 'order=desc');
      const status = await (state.threads.get(id)?.conversation ? Promise.resolve(200) : described);
      update(() => {
        const thread = state.threads.get(id);
        if (!thread) return;
        if (!page || !thread.conversation) {
          thread.problem = status === 404 ? 'not_yours' : 'not_read';
          return;
        }
        const found = page.items.toReversed ? page.items.toReversed() : [...page.items].reverse();
        // What a stream brought while it was being read is newer.
        const known = new Map(thread.messages.map((one) => [one.id, one]));
        const latest = thread.messages.filter((one) => found.length && one.received_at > found.at(-1).received_at && !found.some((other) => other.id === one.id));
        Object.assign(thread, {
          messages: [...found.map((one) => (thread.ready ? one : (known.get(one.id) ?? one))), ...latest],
          older_cursor: page.next, at_end: true, newer: 0, ready: true, problem: null,
        });
        trim();
      });
    });
  }

  function trim() {
    const others = [...state.threads.keys()].filter((id) => id !== state.open);
    for (const id of others.slice(0, Math.max(0, others.length - KEPT))) state.threads.delete(id);
  }

  const older = (id) => once(`older ${id}`, async () => {
    const thread = state.threads.get(id);
    if (!thread?.ready || !thread.older_cursor) return;
    const page = await messages(id, `order=desc&before=${encodeURIComponent(thread.messages[0].id)}`);
    if (!page) return;
    update(() => {
      const all = [...[...page.items].reverse(), ...thread.messages];
      thread.messages = all.slice(0, MAX_MESSAGES);
      if (all.length > MAX_MESSAGES) thread.at_end = false;
      thread.older_cursor = page.next;
    });
  });

  const newer = (id) => once(`newer ${id}`, async () => {
    const thread = state.threads.get(id);
    if (!thread?.ready || thread.at_end) return;
    const page = await messages(id, `order=asc&after=${encodeURIComponent(thread.messages.at(-1).id)}`);
    if (!page) return;
    update(() => {
      const known = new Set(thread.messages.map((one) => one.id));
      const all = [...thread.messages, ...page.items.filter((one) => !known.has(one.id))];
      if (all.length > MAX_MESSAGES) thread.older_cursor = 'more';
      thread.messages = all.slice(-MAX_MESSAGES);
      thread.at_end = !page.next;
      if (thread.at_end) thread.newer = 0;
    });
  });

  return {load, about, older, newer, path};
}
