// Reads the customer of a conversation. Loaded with the first conversation that is opened.

const pathOf = (person) => encodeURIComponent(person).replaceAll('%2F', '/').replaceAll('%3A', ':');

/** The persons of a customer of several; the one person of any other. */
async function personsOf(api, person, customer) {
  const found = customer ? await api.request('GET', `/customers/${encodeURIComponent(customer)}`) : {ok: false};
  return found.ok ? found.body.persons.map((one) => one.person) : [person];
}

/** The customer, with their other conversations on all channels, into the thread. */
export async function readCustomer({state, update, api}, id) {
  const thread = () => state.threads.get(id);
  let person = thread()?.conversation?.person ?? state.rows.get(id)?.person;
  if (!person) {
    const answer = await api.request('GET', `/conversations/${encodeURIComponent(id)}`);
    if (!answer.ok) return;
    ({person} = answer.body);
  }
  const found = await api.request('GET', `/persons/${pathOf(person)}`);
  const persons = await personsOf(api, person, found.ok ? found.body.customer_id : null);
  const filters = persons.map((one) => `&person=${encodeURIComponent(one)}`).join('');
  const others = await api.request('GET', `/conversations?limit=20&sort=-updated_at${filters}`);
  update(() => {
    if (!thread()) return;
    if (found.ok) Object.assign(thread(), {person: found.body, name: found.body.name});
    thread().elsewhere = persons.filter((one) => one !== person);
    if (others.ok) thread().other = others.body.items.filter((one) => one.id !== id);
  });
}
