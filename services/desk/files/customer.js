// Reads the customer of a conversation. Loaded with the first conversation that is opened.

/** The customer, with their other conversations, into the thread. */
export async function readCustomer({state, update, api}, id) {
  const thread = () => state.threads.get(id);
  let person = thread()?.conversation?.person ?? state.rows.get(id)?.person;
  if (!person) {
    const answer = await api.request('GET', `/conversations/${encodeURIComponent(id)}`);
    if (!answer.ok) return;
    ({person} = answer.body);
  }
  const [found, others] = await Promise.all([
    api.request('GET', `/persons/${encodeURIComponent(person).replaceAll('%2F', '/').replaceAll('%3A', ':')}`),
    api.request('GET', `/conversations?limit=20&sort=-updated_at&person=${encodeURIComponent(person)}`),
  ]);
  update(() => {
    if (!thread()) return;
    if (found.ok) Object.assign(thread(), {person: found.body, name: found.body.name});
    if (others.ok) thread().other = others.body.items.filter((one) => one.id !== id);
  });
}
