// Reads the customer of a conversation: who they are on all accounts, and their conversations. Loaded with the first conversation that is opened.

const PAGE = 20;

/** What the functions of this module need of the page, for those who have its state and actions. */
export const reader = (state, actions) => ({state, update: actions.update, api: {request: actions.request}});

/** A person as the path of an address has them. */
export const pathOf = (person) => encodeURIComponent(person).replaceAll('%2F', '/').replaceAll('%3A', ':');

/** The persons that a thread shows: of the customer of several, or the one person of any other. */
export const personsOf = (thread) => thread?.customer?.persons.map((one) => one.person) ?? (thread?.conversation ? [thread.conversation.person] : []);

/** A page of the conversations of some persons on all channels, the newest first: `{items, next}`, or null. */
async function conversationsOf(api, persons, cursor = null) {
  const filters = persons.map((one) => `&person=${encodeURIComponent(one)}`).join('');
  const answer = await api.request('GET', `/conversations?limit=${PAGE}${filters}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`);
  return answer.ok ? answer.body : null;
}

/** Conversation → the latest reading of its customer; what an earlier one brings is not shown. */
const readings = new Map();

/**
 * The customer, with their conversations on all channels, into the thread. `changed`: persons of whom the server says that they are one with
 * others than before; nothing is read for a thread that shows none of them.
 */
export async function readCustomer({state, update, api}, id, changed = null) {
  const thread = () => state.threads.get(id);
  if (changed && !personsOf(thread()).some((one) => changed.includes(one))) return;
  const reading = Symbol(id);
  readings.set(id, reading);
  let person = thread()?.conversation?.person ?? state.rows.get(id)?.person;
  if (!person) {
    const answer = await api.request('GET', `/conversations/${encodeURIComponent(id)}`);
    if (!answer.ok) return;
    ({person} = answer.body);
  }
  const found = await api.request('GET', `/persons/${pathOf(person)}`);
  const joined = found.ok && found.body.customer_id ? await readJoined(api, found.body.customer_id) : null;
  const page = await conversationsOf(api, joined?.persons.map((one) => one.person) ?? [person]);
  if (readings.get(id) !== reading) return;
  readings.delete(id);
  update(() => {
    if (!thread()) return;
    if (found.ok) Object.assign(thread(), {person: found.body, name: found.body.name, customer: joined});
    if (page) Object.assign(thread(), {other: page.items.filter((one) => one.id !== id), other_next: page.next});
  });
}

/** A customer of several persons; null: there is none, or none that the agent may see. */
export async function readJoined(api, customer) {
  const answer = await api.request('GET', `/customers/${encodeURIComponent(customer)}`);
  return answer.ok ? answer.body : null;
}

/** The next page of the customer's conversations. */
export async function readMore({state, update, api}, id) {
  const thread = state.threads.get(id);
  const cursor = thread?.other_next;
  if (!cursor || thread.other_reading) return;
  thread.other_reading = true;
  const page = await conversationsOf(api, personsOf(thread), cursor);
  update(() => {
    thread.other_reading = false;
    // The customer may have been read anew meanwhile.
    if (!page || thread.other_next !== cursor) return;
    const known = new Set(thread.other.map((one) => one.id));
    thread.other = [...thread.other, ...page.items.filter((one) => one.id !== id && !known.has(one.id))];
    thread.other_next = page.next;
  });
}
