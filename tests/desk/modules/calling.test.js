// Calling a customer back: what is asked of the server, and what the agent reads.

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {addPart, setLanguage} from '../../../services/desk/files/words.js';
import {callBack} from '../../../services/desk/files/calling.js';

await setLanguage('en', (name) => import(`../../../services/desk/files/words/${name}.js`));
await addPart((tag) => import(`../../../services/desk/files/words/conversation/${tag}.js`));

/** A page whose server answers so, one request after the other. */
function pageWith(...answers) {
  const [asked, said] = [[], []];
  const request = async (...of) => {
    asked.push(of);
    return answers.shift();
  };
  return {asked, said, actions: {request, say: (words, {kind} = {}) => said.push([words, kind])}};
}

test('a call is asked for once, and the agent reads that their telephone rings', async () => {
  const {asked, said, actions} = pageWith({ok: true, status: 200, body: {}}, {ok: true, status: 202, body: {}});
  await callBack('c1', actions);
  await callBack('c1', actions);
  assert.deepEqual(asked.map(([method, path]) => [method, path]), [['POST', '/conversations/c1/call'], ['POST', '/conversations/c1/call']]);
  assert.notEqual(asked[0][2].key, asked[1][2].key);
  assert.deepEqual(said, [['Your telephone rings.', undefined], ['Your telephone rings.', undefined]]);
});

test('a request whose answer is lost is repeated under its key, so that nothing rings twice', async () => {
  const {asked, said, actions} = pageWith({ok: false, status: 0}, {ok: true, status: 200, body: {}});
  await callBack('c2', actions);
  await callBack('c2', actions);
  assert.equal(asked[0][2].key, asked[1][2].key);
  assert.deepEqual(said.map(([, kind]) => kind), ['warm', undefined]);
});

test('a refusal is read in the words of the server', async () => {
  const {said, actions} = pageWith({ok: false, status: 409, body: {code: 'no_telephone', detail: 'No telephone of yours is known.'}});
  await callBack('c3', actions);
  assert.deepEqual(said, [['No telephone of yours is known.', 'warm']]);
});
