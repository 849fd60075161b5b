import assert from 'node:assert/strict';
import {test} from 'node:test';

import {fill, fold, insert, matching, mentionAt, slashAt, unfilled} from '../../../services/desk/files/writing/canned.js';

const answer = (id, title, text = '', more = {}) => ({id, title, text, language: null, shortcut: null, ...more});
const ids = (found) => found.map((one) => one.id);

for (const [one, other] of [
  ['كتاب', 'کتاب'],
  ['مي‌شود', 'می شود'],
  ['سفارش ۱۲۳', 'سفارش 123'],
  ['طلب ٤٥٦', 'طلب 456'],
  ['مُحَمَّد', 'محمد'],
  ['إرجاع', 'ارجاع'],
  ['Sūtījums', 'sutijums'],
  ['  two   words ', 'two words'],
  ['مـــرحبا', 'مرحبا'],
]) {
  test(`${one} and ${other} are searched alike`, () => assert.equal(fold(one), fold(other)));
}

test('every word must be in title, text or shortcut, in any order', () => {
  const all = [answer('a', 'Refund takes a week', 'Money comes back.'), answer('b', 'Delivery', 'It takes a week.')];
  assert.deepEqual(ids(matching(all, 'week takes', 'en')), ['b', 'a']);
  assert.deepEqual(ids(matching(all, 'money', 'en')), ['a']);
  assert.deepEqual(ids(matching(all, 'nothing', 'en')), []);
  assert.deepEqual(ids(matching(all, '', 'en')), ['b', 'a']);
});

test("the conversation's language comes first, then what fits every language; an exact shortcut before all", () => {
  const all = [
    answer('lv', 'Sveiki', 'refund', {language: 'lv'}),
    answer('any', 'Hello', 'refund'),
    answer('fa', 'سلام', 'refund', {language: 'fa'}),
    answer('exact', 'Zzz', '', {language: 'lv', shortcut: 'refund'}),
  ];
  assert.deepEqual(ids(matching(all, 'refund', 'fa')), ['exact', 'fa', 'any', 'lv']);
});

test('a variable that is known is filled in, every other is left and named', () => {
  const filled = fill('Dear {customer.name}, order {order number} of {customer.name}: {agent.name}', {'customer.name': 'Neda', 'agent.name': null});
  assert.equal(filled.text, 'Dear Neda, order {order number} of Neda: {agent.name}');
  assert.deepEqual(filled.blanks, ['{order number}', '{agent.name}']);
});

test("a customer's name that looks like a variable stays a name", () => {
  assert.deepEqual(fill('Dear {customer.name}', {'customer.name': '$& {agent.name}', 'agent.name': 'Sara'}), {text: 'Dear $& {agent.name}', blanks: []});
});

test('blanks of canned answers are not filled in while they stand; braces of the agent are none', () => {
  assert.deepEqual(unfilled('order {order number} and {"a": 1}', ['{order number}']), [{start: 6, stop: 20, name: 'order number'}]);
  assert.deepEqual(unfilled('order 5 and {"a": 1}', ['{order number}']), []);
  assert.deepEqual(unfilled('Dear {customer.name}').map((one) => one.name), ['customer.name']);
});

test('two answers are put in at the caret, between what was written', () => {
  const once = insert('Hi . Bye', {start: 3, stop: 3}, 'FIRST');
  assert.deepEqual(once, {text: 'Hi FIRST. Bye', start: 8, stop: 8});
  assert.equal(insert(once.text, once, ' SECOND').text, 'Hi FIRST SECOND. Bye');
});

test('what was typed to find it is replaced, and the first blank is selected', () => {
  const text = 'Hi 👍 /ref now';
  const typed = slashAt(text, text.indexOf(' now'));
  assert.deepEqual([typed.query, text.slice(typed.start, typed.stop)], ['ref', '/ref']);
  const put = insert(text, typed, 'order {b}, {a}', ['{a}', '{b}']);
  assert.deepEqual([put.text, put.text.slice(put.start, put.stop)], ['Hi 👍 order {b}, {a} now', '{b}']);
});

for (const [text, found] of [
  ['/', ''],
  ['hello /', ''],
  ['hello /باز', 'باز'],
  ['line\n/x', 'x'],
  ['and/or', null],
  ['https://shop', null],
  ['1/2', null],
  ['/a b', null],
]) {
  test(`a picker opens at a slash that begins a word: ${JSON.stringify(text)}`, () => assert.equal(slashAt(text, text.length)?.query ?? null, found));
}

for (const [text, found] of [['@', ''], ['ask @re', 're'], ['a@b.example', null], ['(@رضا', 'رضا'], ['@a b', null]]) {
  test(`names are completed behind an @ that begins a word: ${text}`, () => assert.equal(mentionAt(text, text.length)?.query ?? null, found));
}
