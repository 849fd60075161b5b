// What rows, lists and threads become by events: lists are always in the server's order, whatever comes in which order.

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {beginReading, dropRow, forget, listKey, MAX_ROWS, reduce, takeMessage, takePage, takeRow} from '../../../services/desk/files/inbox.js';
import {initialState} from '../../../services/desk/files/state.js';

const ME = {id: 'sara', teams: ['default']};
const fresh = () => Object.assign(initialState(), {me: ME});

let clock = 0;
/** A row as the server has it; each is newer than the one before. */
function row(id, {order = id, views = ['mine', 'team'], ...rest} = {}) {
  clock += 1;
  return {
    id, status: 'assigned', team: 'default', agent: 'sara', views, updated_at: String(clock).padStart(9, '0'),
    orders: {due: `1${order} ${id}`, waiting: `1${order} ${id}`, newest: `1${order} ${id}`}, ...rest,
  };
}

const KEY = listKey('mine', 'due', '');
const ids = (state, key = KEY) => state.lists.get(key)?.ids;

function shuffled(items, random) {
  const left = [...items];
  for (let at = left.length - 1; at > 0; at -= 1) {
    const other = Math.floor(random() * (at + 1));
    [left[at], left[other]] = [left[other], left[at]];
  }
  return left;
}

/** Numbers that are the same at every run. */
function seeded(seed) {
  let now = seed;
  return () => {
    now = (now * 1_103_515_245 + 12_345) % 2_147_483_648;
    return now / 2_147_483_648;
  };
}

test('a row comes to its place by the order of the server, and goes from it', () => {
  const state = fresh();
  takePage(state, KEY, {items: [row('b'), row('d')], next: null}, true);
  takeRow(state, row('c'));
  assert.deepEqual(ids(state), ['b', 'c', 'd']);
  takeRow(state, row('c', {order: 'z'}));
  assert.deepEqual(ids(state), ['b', 'd', 'c']);
  takeRow(state, row('b', {views: ['done']}));
  assert.deepEqual(ids(state), ['d', 'c']);
  dropRow(state, 'd');
  assert.deepEqual(ids(state), ['c']);
  assert.ok(!state.rows.has('d'));
});

test('what events change while a page is read is newer than its answer', () => {
  const state = fresh();
  takePage(state, KEY, {items: [row('old')], next: null}, true);
  const answered = [row('b'), row('d'), row('f'), row('h')];
  const reading = beginReading(state);
  takeRow(state, row('c'));
  takeRow(state, row('d', {views: ['done']}));
  dropRow(state, 'f');
  takeRow(state, row('h', {order: 'a'}));
  takePage(state, KEY, {items: answered, next: null}, true, reading);
  state.readings.delete(reading);
  assert.deepEqual(ids(state), ['h', 'b', 'c']);
  assert.ok(!state.rows.has('f'));
  // A list that is read anew holds no row of before that the answer has not.
  takePage(state, KEY, {items: [row('b')], next: null}, true);
  assert.deepEqual(ids(state), ['b']);
});

test('a row that comes behind the end of a list, while that part is read, is not lost', () => {
  const state = fresh();
  takePage(state, KEY, {items: [row('b')], next: 'more'}, true);
  const answered = [row('d'), row('f')];
  const reading = beginReading(state);
  takeRow(state, row('e'));
  assert.deepEqual(ids(state), ['b']);
  takePage(state, KEY, {items: answered, next: 'more'}, false, reading);
  assert.deepEqual(ids(state), ['b', 'd', 'e', 'f']);
});

test('what lies behind the part that was read comes with its page', () => {
  const state = fresh();
  takePage(state, KEY, {items: [row('b'), row('d')], next: 'more'}, true);
  takeRow(state, row('x'));
  assert.deepEqual(ids(state), ['b', 'd']);
  takePage(state, KEY, {items: [row('f'), row('x')], next: null}, false);
  assert.deepEqual(ids(state), ['b', 'd', 'f', 'x']);
});

test('an older answer does not take back what an event brought', () => {
  const state = fresh();
  const before = row('a', {order: 'a', status: 'assigned'});
  takePage(state, KEY, {items: [], next: null}, true);
  takeRow(state, row('a', {order: 'm', status: 'pending'}));
  takePage(state, KEY, {items: [before], next: null}, false);
  assert.equal(state.rows.get('a').status, 'pending');
  takeRow(state, before);
  assert.equal(state.rows.get('a').status, 'pending');
  assert.deepEqual(ids(state), ['a']);
});

test('lists are equal to a reading from the beginning, after thousands of random events', () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const random = seeded(seed);
    const state = fresh();
    const keys = ['mine', 'team', 'waiting'].flatMap((view) => ['due', 'newest'].map((sort) => listKey(view, sort, '')));
    for (const key of keys) takePage(state, key, {items: [], next: null}, true);
    const truth = new Map();
    for (let step = 0; step < 400; step += 1) {
      const id = `c${Math.floor(random() * 40)}`;
      if (random() < 0.1) {
        truth.delete(id);
        reduce(state, {type: 'gone', data: {id}});
        continue;
      }
      const views = ['mine', 'team', 'waiting'].filter(() => random() < 0.5);
      const next = row(id, {order: String(Math.floor(random() * 50)).padStart(3, '0'), views});
      truth.set(id, next);
      reduce(state, {type: 'row', data: next});
    }
    for (const key of keys) {
      const [view, sort] = key.split('|');
      const expected = [...truth.values()].filter((one) => one.views.includes(view)).sort((one, other) => (one.orders[sort] < other.orders[sort] ? -1 : 1)).map((one) => one.id);
      assert.deepEqual(ids(state, key), expected, `${key}, seed ${seed}`);
    }
  }
});

test('a list that was read while events came is as the events say', () => {
  const state = fresh();
  const stale = Array.from({length: 30}, (_, number) => row(`c${number}`, {order: String(number).padStart(3, '0')}));
  takePage(state, KEY, {items: [], next: null}, true);
  for (const one of stale.slice(0, 10)) takeRow(state, row(one.id, {order: '500'}));
  takePage(state, KEY, {items: stale, next: null}, true);
  const orders = ids(state).map((id) => state.rows.get(id).orders.due);
  assert.deepEqual(orders, [...orders].sort());
  assert.equal(ids(state).length, 30);
});

test('too many rows are let go, but never those that are shown', () => {
  const state = fresh();
  const many = Array.from({length: MAX_ROWS + 200}, (_, number) => row(`c${number}`, {order: String(number).padStart(6, '0')}));
  takePage(state, listKey('team', 'newest', ''), {items: many, next: null}, true);
  takePage(state, KEY, {items: many.slice(0, 50), next: 'more'}, true);
  state.open = 'c900';
  forget(state);
  assert.deepEqual([...state.lists.keys()], [KEY]);
  assert.equal(state.rows.size, 51);
  assert.ok(state.rows.has('c900'));
});

const message = (number, conversation = 'a') => ({id: `m${String(number).padStart(4, '0')}`, conversation, direction: 'inbound', received_at: `2026-11-28T10:00:${String(number).padStart(2, '0')}Z`, state: 'received'});
const threadOf = (...numbers) => ({conversation: {id: 'a'}, messages: numbers.map((number) => message(number)), older_cursor: null, at_end: true, newer: 0, ready: true});

test('messages stand in the order of time, in whatever order they come, and once', () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const state = fresh();
    state.threads.set('a', threadOf());
    const numbers = [...Array(20).keys()];
    for (const number of shuffled([...numbers, ...numbers.slice(0, 7)], seeded(seed))) takeMessage(state, message(number));
    assert.deepEqual(state.threads.get('a').messages.map((one) => one.id), numbers.map((number) => message(number).id));
  }
});

test('a changed message is changed where it stands', () => {
  const state = fresh();
  state.threads.set('a', threadOf(1, 2, 3));
  takeMessage(state, {...message(2), state: 'deleted'});
  assert.deepEqual(state.threads.get('a').messages.map((one) => one.state), ['received', 'deleted', 'received']);
});

test('who reads further up is told how many are new, and nothing moves', () => {
  const state = fresh();
  state.threads.set('a', {...threadOf(1, 2, 3), at_end: false});
  takeMessage(state, message(9));
  assert.equal(state.threads.get('a').messages.length, 3);
  assert.equal(state.threads.get('a').newer, 1);
});

test('an open conversation that is not to be seen any more stays, and says who has it', () => {
  const state = fresh();
  state.threads.set('a', threadOf(1));
  reduce(state, {type: 'gone', data: {id: 'a', agent: 'reza'}});
  assert.deepEqual([state.threads.get('a').gone, state.threads.get('a').conversation.agent, state.threads.get('a').messages.length], [true, 'reza', 1]);
  takeRow(state, row('a'));
  assert.equal(state.threads.get('a').gone, false);
});

test('signals and offers come and end', () => {
  const state = fresh();
  reduce(state, {type: 'signal', data: {conversation: 'a', agent: 'reza', kind: 'reply', name: 'Reza'}});
  assert.equal(state.signals.get('a').get('reza').kind, 'reply');
  reduce(state, {type: 'signal', data: {conversation: 'a', agent: 'reza', kind: 'gone'}});
  assert.equal(state.signals.size, 0);
  reduce(state, {type: 'offer', data: {id: 'o1', conversation: 'a', expires_at: '2026-11-28T10:00:30Z'}});
  reduce(state, {type: 'offer_ended', data: {id: 'o1', why: 'expired'}});
  assert.equal(state.offers.get('o1').ended, 'expired');
  reduce(state, {type: 'of_a_later_version', data: {}});
});
