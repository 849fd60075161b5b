import assert from 'node:assert/strict';
import {test} from 'node:test';

import {KEPT_MS, WRITE_AT_LEAST_MS, WRITE_MS} from '../../../services/desk/files/writing/drafts.js';
import {Clock, PRIVATE, SARA, Server, first, openTab, settled} from './writing.js';

const world = () => ({clock: new Clock(), server: new Server(), map: new Map()});
const PREFIX = 'draft/shop/sara/';

test('a draft is on the device 300 ms after the last key, and not before', async () => {
  const here = world();
  const tab = await openTab(here);
  tab.drafts.edit('c1', 'reply', {text: 'H'}, first);
  await here.clock.pass(WRITE_MS - 1);
  tab.drafts.edit('c1', 'reply', {text: 'He'}, first);
  await here.clock.pass(WRITE_MS - 1);
  assert.equal(here.map.size, 0);
  await here.clock.pass(1);
  assert.equal(here.map.get(`${PREFIX}c1|reply`).text, 'He');
});

test('somebody who never pauses is written every two seconds', async () => {
  const here = world();
  const tab = await openTab(here);
  for (let keys = 0; keys < 30; keys += 1) {
    tab.drafts.edit('c1', 'reply', {text: 'x'.repeat(keys + 1)}, first);
    await here.clock.pass(100);
  }
  assert.ok(here.map.get(`${PREFIX}c1|reply`).text.length >= 30 - 2 - WRITE_AT_LEAST_MS / 100);
});

test('a page that goes away writes at once, without waiting for anything', async () => {
  const here = world();
  const tab = await openTab(here);
  tab.drafts.edit('c1', 'reply', {text: 'Dear Neda'}, first);
  tab.drafts.flushNow();
  assert.equal(here.map.get(`${PREFIX}c1|reply`).text, 'Dear Neda');
});

test('a page that goes away also writes what the storage has not taken yet', async () => {
  const here = world();
  const tab = await openTab(here);
  tab.storage.write = () => new Promise(() => {});
  tab.drafts.edit('c1', 'reply', {text: 'Dear Neda'}, first);
  await here.clock.pass(WRITE_MS);
  assert.equal(here.map.size, 0);
  tab.drafts.flushNow();
  assert.equal(here.map.get(`${PREFIX}c1|reply`).text, 'Dear Neda');
});

test('target, newest message and id are those of the first key', async () => {
  const here = world();
  const tab = await openTab(here);
  const begun = tab.drafts.edit('c1', 'reply', {text: 'H'}, first);
  const later = tab.drafts.edit('c1', 'reply', {text: 'Hi'}, () => assert.fail('the draft has begun'));
  assert.deepEqual([later.target, later.after, later.id], [PRIVATE, 'm1', begun.id]);
});

test('a draft whose text is deleted is none, and the next begins anew', async () => {
  const here = world();
  const tab = await openTab(here);
  const begun = tab.drafts.edit('c1', 'reply', {text: 'H'}, first);
  await here.clock.pass(WRITE_MS);
  assert.equal(tab.drafts.edit('c1', 'reply', {text: ''}, first), null);
  await here.clock.pass(WRITE_MS);
  assert.equal(here.map.size, 0);
  assert.notEqual(tab.drafts.edit('c1', 'reply', {text: 'H'}, first).id, begun.id);
});

test('a draft of files alone is one', async () => {
  const here = world();
  const tab = await openTab(here);
  tab.drafts.edit('c1', 'reply', {files: [{id: 'f1'}]}, first);
  await here.clock.pass(WRITE_MS);
  assert.deepEqual((await openTab(here)).drafts.get('c1', 'reply').files, [{id: 'f1'}]);
});

test('twenty changes of conversation and kind in two seconds leave four drafts as they were written', async () => {
  const here = world();
  const tab = await openTab(here);
  const expected = new Map();
  for (let change = 0; change < 20; change += 1) {
    const [conversation, kind] = [change % 2 ? 'c1' : 'c2', Math.floor(change / 2) % 2 ? 'reply' : 'note'];
    const text = `${expected.get(`${conversation}|${kind}`) ?? ''}${change} `;
    tab.drafts.edit(conversation, kind, {text}, first);
    expected.set(`${conversation}|${kind}`, text);
    await here.clock.pass(100);
  }
  await here.clock.pass(WRITE_MS);
  const after = await openTab(here);
  assert.deepEqual(new Map(after.drafts.all().map((one) => [`${one.conversation}|${one.kind}`, one.text])), expected);
  assert.equal(expected.size, 4);
});

test('ten drafts survive signing out and in; another agent sees none', async () => {
  const here = world();
  const tab = await openTab(here);
  for (let n = 0; n < 10; n += 1) tab.drafts.edit(`c${n}`, 'reply', {text: `text ${n}`}, first);
  await tab.drafts.leave({keep: true});
  const reza = await openTab({...here, scope: {...SARA, agent: 'reza'}});
  assert.deepEqual(reza.drafts.all(), []);
  assert.equal((await openTab({...here, scope: {...SARA, workspace: 'other'}})).drafts.all().length, 0);
  assert.equal((await openTab(here)).drafts.all().length, 10);
});

test('signing out can erase: drafts, sends and marks of this agent, and of nobody else', async () => {
  const here = world();
  const [sara, reza] = [await openTab(here), await openTab({...here, scope: {...SARA, agent: 'reza'}})];
  reza.drafts.edit('c1', 'note', {text: 'mine'}, first);
  await reza.drafts.flush();
  sara.drafts.edit('c1', 'reply', {text: 'waits'}, first);
  here.server.answers = ['lost'];
  await sara.outbox.send('c1', 'reply');
  sara.drafts.edit('c2', 'reply', {text: 'a draft'}, first);
  sara.outbox.stop();
  await sara.drafts.leave({keep: false});
  assert.deepEqual([...here.map.keys()], ['draft/shop/reza/c1|note']);
});

test('a draft is kept for thirty days', async () => {
  const here = world();
  const tab = await openTab(here);
  tab.drafts.edit('c1', 'reply', {text: 'old'}, first);
  await tab.drafts.flush();
  here.clock.now += KEPT_MS;
  assert.equal((await openTab(here)).drafts.get('c1', 'reply').text, 'old');
  here.clock.now += 1;
  assert.equal((await openTab(here)).drafts.get('c1', 'reply'), null);
  assert.equal(here.map.size, 0);
});

test('another tab shows what is written here, but never loses what is typed there', async () => {
  const here = {...world(), others: []};
  const [one, other] = [await openTab(here), await openTab(here)];
  one.drafts.edit('c1', 'reply', {text: 'from one'}, first);
  await here.clock.pass(WRITE_MS);
  assert.equal(other.drafts.get('c1', 'reply').text, 'from one');
  one.drafts.edit('c1', 'reply', {text: 'from one, longer'}, first);
  await here.clock.pass(200);
  other.drafts.edit('c1', 'reply', {text: 'typed there'}, first);
  await here.clock.pass(100);
  assert.equal(other.drafts.get('c1', 'reply').text, 'typed there');
});

test('a storage that refuses loses nothing that was typed', async () => {
  const here = world();
  const tab = await openTab(here);
  const write = tab.storage.write;
  tab.storage.write = async () => {
    throw new Error('full');
  };
  tab.drafts.edit('c1', 'reply', {text: 'kept in memory'}, first);
  await here.clock.pass(WRITE_MS);
  tab.storage.write = write;
  await tab.drafts.flush();
  assert.equal(here.map.get(`${PREFIX}c1|reply`).text, 'kept in memory');
  await settled();
});
