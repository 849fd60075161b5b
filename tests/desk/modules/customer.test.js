// The customer of an opened conversation, with the persons that are one with theirs.

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {readCustomer} from '../../../services/desk/files/customer.js';

/** What `readCustomer` puts into the thread of `c1`, and the paths that it asked for. */
async function read(answers) {
  const thread = {conversation: {person: 'telegram:main:1'}};
  const state = {threads: new Map([['c1', thread]]), rows: new Map()};
  const asked = [];
  const request = async (_, path) => {
    asked.push(path);
    const body = answers[path.split('?')[0]];
    return body ? {ok: true, body} : {ok: false};
  };
  await readCustomer({state, update: (change) => change(), api: {request}}, 'c1');
  return {thread, asked};
}

const LISTED = {items: [{id: 'c1'}, {id: 'c2'}]};

test('a person alone has their own conversations', async () => {
  const {thread, asked} = await read({'/persons/telegram:main:1': {name: 'Sara', customer_id: null}, '/conversations': LISTED});
  assert.deepEqual([thread.name, thread.elsewhere, thread.other], ['Sara', [], [{id: 'c2'}]]);
  assert.equal(asked.at(-1), '/conversations?limit=20&sort=-updated_at&person=telegram%3Amain%3A1');
});

test('a customer of several persons has the conversations of all of them', async () => {
  const {thread, asked} = await read({
    '/persons/telegram:main:1': {customer_id: 'cu1'},
    '/customers/cu1': {persons: [{person: 'email:support:sara@example.com'}, {person: 'telegram:main:1'}]},
    '/conversations': LISTED,
  });
  assert.deepEqual(thread.elsewhere, ['email:support:sara@example.com']);
  assert.ok(asked.at(-1).endsWith('&person=email%3Asupport%3Asara%40example.com&person=telegram%3Amain%3A1'));
});

test('a customer whom the agent may not see any more leaves the person alone', async () => {
  const {thread} = await read({'/persons/telegram:main:1': {customer_id: 'cu1'}, '/conversations': LISTED});
  assert.deepEqual([thread.elsewhere, thread.other], [[], [{id: 'c2'}]]);
});
