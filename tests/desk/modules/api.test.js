// Requests: an answer that breaks off, as when the server is killed, is none.

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {createApi} from '../../../services/desk/files/api.js';

const asked = (status, body, type = 'application/json') => {
  const fetch = async () => new Response(body, {status, headers: {'Content-Type': type}});
  return createApi({workspace: () => 'shop', language: () => 'en', fetch});
};

test('a good answer whose body breaks off was not reached', async () => {
  const api = asked(200, '{"items": [{"id": "c1"');
  assert.deepEqual([(await api.request('GET', '/conversations')).ok, await api.items('/agents')], [false, null]);
});

test('a refusal whose body breaks off is a refusal without a reason', async () => {
  const answer = await asked(409, '{"title":', 'application/problem+json').request('POST', '/conversations');
  assert.deepEqual([answer.status, answer.ok, answer.body], [409, false, null]);
});

test('a whole answer is read', async () => {
  assert.deepEqual(await asked(200, '{"items": [1, 2], "next": null}').items('/agents'), [1, 2]);
});
