// The customer of an opened conversation: with whom their person is one, by what evidence, and their conversations.

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {conflictsOf, knownCustomer, mayDecide, nameOfPerson, partingsOf, partsOfPerson, reasonsFor} from '../../../services/desk/files/customer/evidence.js';
import {readCustomer, readMore} from '../../../services/desk/files/customer/reading.js';

const CHAT = 'telegram:main:1';
const MAIL = 'email:support:sara@example.com';
const CALLER = 'api:phone:+371';
const STRANGER = 'telegram:main:2';

/** A page that has the conversation `c1` open, and a server that gives these answers; `asked` are the paths that it was asked for. */
function pageWith(answers, thread = {conversation: {person: CHAT}}) {
  const state = {threads: new Map([['c1', thread]]), rows: new Map()};
  const asked = [];
  const request = async (_, path) => {
    asked.push(path);
    const found = answers[path.split('?')[0]];
    const body = typeof found === 'function' ? await found(path) : found;
    return body ? {ok: true, body} : {ok: false};
  };
  return {state, update: (change) => change(), api: {request}, asked, thread};
}

const LISTED = {items: [{id: 'c1'}, {id: 'c2'}], next: null};
const JOINED = {
  [`/persons/${CHAT}`]: {customer_id: 'cu1'},
  '/customers/cu1': {persons: [{person: MAIL}, {person: CHAT}]},
  '/conversations': LISTED,
};

test('a person alone has their own conversations', async () => {
  const page = pageWith({[`/persons/${CHAT}`]: {name: 'Sara', customer_id: null}, '/conversations': LISTED});
  await readCustomer(page, 'c1');
  assert.deepEqual([page.thread.name, page.thread.customer, page.thread.other], ['Sara', null, [{id: 'c2'}]]);
  assert.equal(page.asked.at(-1), '/conversations?limit=20&person=telegram%3Amain%3A1');
});

test('a customer of several persons has the conversations of all of them', async () => {
  const page = pageWith(JOINED);
  await readCustomer(page, 'c1');
  assert.deepEqual(page.thread.customer.persons.map((one) => one.person), [MAIL, CHAT]);
  assert.ok(page.asked.at(-1).endsWith('&person=email%3Asupport%3Asara%40example.com&person=telegram%3Amain%3A1'));
});

test('a customer whom the agent may not see any more leaves the person alone', async () => {
  const page = pageWith({[`/persons/${CHAT}`]: {customer_id: 'cu1'}, '/conversations': LISTED}, {conversation: {person: CHAT}, customer: {persons: [{person: CHAT}]}});
  await readCustomer(page, 'c1');
  assert.deepEqual([page.thread.customer, page.thread.other], [null, [{id: 'c2'}]]);
});

test('what persons were joined and parted is read anew by the thread that shows one of them, and by no other', async () => {
  const page = pageWith(JOINED, {conversation: {person: CHAT}, customer: {persons: [{person: CHAT}, {person: CALLER}]}});
  await readCustomer(page, 'c1', [STRANGER]);
  assert.deepEqual(page.asked, []);
  await readCustomer(page, 'c1', [CALLER, STRANGER]);
  assert.deepEqual(page.thread.customer.persons.map((one) => one.person), [MAIL, CHAT]);
});

test('of two readings at a time the later one is shown, whichever ends first', async () => {
  let first = true;
  let letGo;
  const slow = new Promise((done) => {
    letGo = done;
  });
  const page = pageWith({...JOINED, [`/persons/${CHAT}`]: async () => {
    if (!first) return {customer_id: 'cu1'};
    first = false;
    await slow;
    return {customer_id: null};
  }});
  const early = readCustomer(page, 'c1');
  await readCustomer(page, 'c1');
  letGo();
  await early;
  assert.equal(page.thread.customer.persons.length, 2);
});

test('more conversations come behind those that are shown, each once, until there are none', async () => {
  const page = pageWith({...JOINED, '/conversations': (path) => (path.includes('cursor=k') ? {items: [{id: 'c2'}, {id: 'c3'}], next: null} : {...LISTED, next: 'k'})});
  await readCustomer(page, 'c1');
  await readMore(page, 'c1');
  assert.deepEqual([page.thread.other.map((one) => one.id), page.thread.other_next], [['c2', 'c3'], null]);
  const asked = page.asked.length;
  await readMore(page, 'c1');
  assert.equal(page.asked.length, asked);
});

test('more conversations of a customer who has other persons by now are not put behind theirs', async () => {
  const page = pageWith({'/conversations': {items: [{id: 'c3'}], next: 'm'}}, {conversation: {person: CHAT}, other: [{id: 'c2'}], other_next: 'k'});
  const reading = readMore(page, 'c1');
  Object.assign(page.thread, {other: [{id: 'c9'}], other_next: 'n'});
  await reading;
  assert.deepEqual([page.thread.other, page.thread.other_next], [[{id: 'c9'}], 'n']);
});

// -- evidence -----------------------------------------------------------------------------------------------------------

const AT = '2026-11-29T09:00:00Z';
const CUSTOMER = {
  persons: [{person: CHAT}, {person: MAIL}, {person: CALLER}],
  evidence: [
    {kind: 'decision', value: null, persons: [MAIL, CHAT], by: 'lea', at: AT},
    {kind: 'email', value: 's@x', persons: [MAIL, CHAT], by: null, at: AT},
    {kind: 'email', value: 's@x', persons: [CALLER, MAIL], by: null, at: AT},
    {kind: 'phone', value: '+371', persons: [CALLER, CHAT], by: null, at: AT},
  ],
  conflicts: [
    {reason: 'same_account', kind: 'phone', value: '+371', persons: [STRANGER, CHAT]},
    {reason: 'same_account', kind: 'phone', value: '+371', persons: [CALLER, STRANGER]},
    {reason: 'parted', kind: 'email', value: 's@x', persons: [MAIL, STRANGER]},
    {reason: 'same_account', kind: 'email', value: 's@x', persons: ['x:y:1', 'x:y:2']},
  ],
  partings: [
    {persons: [MAIL, STRANGER], by: 'lea', at: '2026-11-02T09:00:00Z'},
    {persons: [CHAT, STRANGER], by: null, at: '2026-11-01T09:00:00Z'},
    {persons: ['x:y:1', 'x:y:2'], by: null, at: AT},
  ],
};

test('a person has each reason once, with whom it connects them', () => {
  assert.deepEqual(reasonsFor(MAIL, CUSTOMER).map(({kind, other}) => [kind, other]), [['decision', CHAT], ['email', CHAT]]);
  assert.deepEqual(reasonsFor(CALLER, CUSTOMER).map(({kind, other}) => [kind, other]), [['email', MAIL], ['phone', CHAT]]);
});

test('what contradicts itself is said once for each shared name, with the other person', () => {
  assert.deepEqual(conflictsOf(CUSTOMER).map(({reason, kind, mine, other}) => [reason, kind, mine, other]), [['same_account', 'phone', CHAT, STRANGER], ['parted', 'email', MAIL, STRANGER]]);
});

test('of a person who stands alone it is known what contradicts itself', () => {
  const person = {person: STRANGER, conflicts: CUSTOMER.conflicts, partings: CUSTOMER.partings};
  const alone = knownCustomer({customer: null, person});
  assert.deepEqual([reasonsFor(STRANGER, alone), conflictsOf(alone).map(({other}) => other)], [[], [CHAT, CALLER, MAIL]]);
  assert.deepEqual(partingsOf(alone).map(({other}) => other), [CHAT, MAIL]);
  assert.equal(knownCustomer({customer: CUSTOMER, person}), CUSTOMER);
  assert.equal(knownCustomer({}), null);
});

test('whom somebody parted from the customer is said once, by the latest decision', () => {
  assert.deepEqual(partingsOf(CUSTOMER).map(({other, by}) => [other, by]), [[STRANGER, 'lea']]);
});

test('a person is called by their name, else by their id, which may have colons', () => {
  assert.deepEqual(partsOfPerson('api:main:a:b'), {channel: 'api', account: 'main', external: 'a:b'});
  assert.equal(nameOfPerson(CHAT, {name: 'Sara'}), 'Telegram (Sara)');
  assert.equal(nameOfPerson(MAIL, {name: null}), 'E-mail (sara@example.com)');
});

test('leads and whoever has the scope admin decide', () => {
  const state = (role, scopes) => ({me: {role}, session: {scopes}});
  assert.deepEqual([state('agent', ['desk']), state('lead', ['desk']), state('agent', ['desk', 'admin']), {me: null, session: null}].map(mayDecide), [false, true, true, false]);
});
