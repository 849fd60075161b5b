// What leads decide about customers: the search for another account, and the order in which answers come; and the pages of a timeline.

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {choose, search} from '../../../services/desk/files/customer/decisions.js';
import {itemsOf, readOn} from '../../../services/desk/files/customer/messages.js';

/** The page for a dialog, and a server that answers a request by its path when it is let go. */
function pageWith(answer) {
  const asked = [];
  const request = async (_, path) => {
    asked.push(path);
    return answer(path);
  };
  return {actions: {update: (change) => change(), request}, asked};
}

const ok = (body) => ({ok: true, status: 200, body});

test('a search brings who was found, and its next page comes behind them', async () => {
  const {actions, asked} = pageWith((path) => ok(path.includes('cursor=') ? {items: [{person: 'b'}], next: null} : {items: [{person: 'a'}], next: 'k+1'}));
  const data = {sought: ' +371 20 '};
  await search(actions, data);
  assert.equal(asked[0], '/persons?limit=20&q=%2B371%2020');
  await search(actions, data, true);
  assert.ok(asked[1].endsWith('&cursor=k%2B1'));
  assert.deepEqual([data.found, data.next, data.searching], [[{person: 'a'}, {person: 'b'}], null, false]);
});

test('the answer to an earlier search is not shown', async () => {
  let letGo;
  const slow = new Promise((done) => {
    letGo = done;
  });
  const {actions} = pageWith(async (path) => {
    if (path.endsWith('=s')) await slow;
    return ok({items: [{person: path.at(-1)}], next: null});
  });
  const data = {sought: 's'};
  const early = search(actions, data);
  data.sought = 'sa';
  await search(actions, data);
  letGo();
  await early;
  assert.deepEqual(data.found, [{person: 'a'}]);
});

test('a search for nothing asks nobody, and one that fails says so', async () => {
  const {actions, asked} = pageWith(() => ({ok: false, status: 422, body: {detail: 'No word.'}}));
  const data = {sought: '  ', found: [{person: 'a'}]};
  await search(actions, data);
  assert.deepEqual([data.found, asked], [null, []]);
  data.sought = 'x';
  await search(actions, data);
  assert.deepEqual([data.problem, data.searching], ['No word.', false]);
});

test('whoever is chosen brings the persons of their customer along', async () => {
  const {actions, asked} = pageWith(() => ok({persons: [{person: 'a'}, {person: 'b'}]}));
  const data = {};
  await choose(actions, data, {person: 'c', customer_id: null});
  assert.deepEqual([data.with, asked], [[{person: 'c', customer_id: null}], []]);
  await choose(actions, data, {person: 'a', customer_id: 'cu 1'});
  assert.deepEqual([data.with, asked], [[{person: 'a'}, {person: 'b'}], ['/customers/cu%201']]);
});

// -- the timeline -------------------------------------------------------------------------------------------------------

const opened = () => ({id: 'c1', customer: 'cu1', items: [], next: null, ended: false, reading: false, problem: null});

test('pages without a message that the agent may see are passed over, a few of them', async () => {
  let page = 0;
  const {actions, asked} = pageWith(() => ok({items: (page += 1) === 3 ? [{id: 'm1'}] : [], next: `k${page}`}));
  const data = opened();
  await readOn(actions, data);
  assert.deepEqual([data.items, data.next, asked.length], [[{id: 'm1'}], 'k3', 3]);
  await readOn(actions, data);
  assert.deepEqual([asked.length, data.reading, data.ended], [8, false, false]);
});

test('at the end nothing more is read', async () => {
  const {actions, asked} = pageWith(() => ok({items: [{id: 'm1'}], next: null}));
  const data = opened();
  await readOn(actions, data);
  await readOn(actions, data);
  assert.deepEqual([data.ended, asked.length], [true, 1]);
});

test('a page that cannot be read says why, and keeps what is shown', async () => {
  const {actions} = pageWith(() => ({ok: false, status: 422, body: {}}));
  const data = {...opened(), items: [{id: 'm1'}], next: 'k'};
  await readOn(actions, data);
  assert.deepEqual([data.items, data.problem, data.reading], [[{id: 'm1'}], 'timeline_changed', false]);
});

test('each day has a heading before its first message', () => {
  const at = (day, hour) => new Date(2026, 10, day, hour).toISOString();
  const keys = itemsOf([{id: 'c', received_at: at(3, 9)}, {id: 'b', received_at: at(2, 20)}, {id: 'a', received_at: at(2, 9)}]).map((one) => one.message?.id ?? 'day');
  assert.deepEqual(keys, ['day', 'c', 'day', 'b', 'a']);
});
