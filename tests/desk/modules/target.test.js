import assert from 'node:assert/strict';
import {test} from 'node:test';

import {changeOf, lengthIn, otherWay, overLimit, targetOf, windowLeft} from '../../../services/desk/files/writing/target.js';

const CONVERSATION = {person: 'telegram:main:1', channel: 'telegram', account: 'main', surface: 'private', sensitive: false};
const BOTH = {private: {allowed: true}, public: {allowed: true}};

test('an answer goes where the customer wrote last; a sensitive one to the private side, where there is one', () => {
  assert.equal(targetOf(CONVERSATION).surface, 'private');
  const inPublic = {...CONVERSATION, surface: 'public'};
  assert.equal(targetOf(inPublic, BOTH).surface, 'public');
  assert.equal(targetOf({...inPublic, sensitive: true}, BOTH).surface, 'private');
  assert.equal(targetOf({...inPublic, sensitive: true}, {private: {allowed: false}}).surface, 'public');
});

test('a draft notices that its customer or surface is another, and nothing else', () => {
  const target = targetOf(CONVERSATION);
  assert.equal(changeOf(target, CONVERSATION), null);
  assert.equal(changeOf(target, {...CONVERSATION, surface: 'public'}), 'surface');
  assert.equal(changeOf(target, {...CONVERSATION, person: 'telegram:main:2'}), 'person');
  assert.equal(changeOf(target, {...CONVERSATION, status: 'pending', agent: 'reza'}), null);
});

test('the other surface is offered only where it takes answers', () => {
  assert.equal(otherWay({surface: 'public'}, BOTH).surface, 'private');
  assert.equal(otherWay({surface: 'public'}, {private: {allowed: false}}), null);
  assert.equal(otherWay({surface: 'public'}, null), null);
});

test('less than two hours of a window are counted down', () => {
  const now = Date.parse('2026-11-01T10:00:00Z');
  assert.deepEqual(windowLeft('2026-11-01T12:00:00Z', now), {seconds: 7200, isShort: false});
  assert.deepEqual(windowLeft('2026-11-01T11:59:59Z', now), {seconds: 7199, isShort: true});
  assert.deepEqual(windowLeft('2026-11-01T09:00:00Z', now), {seconds: 0, isShort: true});
  assert.equal(windowLeft(null, now), null);
});

for (const [text, points, utf16, bytes] of [
  ['abc', 3, 3, 3],
  ['👍🏽', 2, 4, 8],
  ['👨‍👩‍👧', 5, 8, 18],
  ['می‌شود', 6, 6, 13],
  ['', 0, 0, 0],
]) {
  test(`${JSON.stringify(text)} is counted as its platform counts`, () => {
    assert.deepEqual([lengthIn(text), lengthIn(text, 'utf16'), lengthIn(text, 'bytes')], [points, utf16, bytes]);
  });
}

test('a text over the limit is said in the unit of its platform, and never cut', () => {
  assert.equal(overLimit('abcd', {text_limit: 4, text_unit: 'code_points'}), null);
  assert.equal(overLimit('abcd', {text_limit: null}), null);
  assert.equal(overLimit('👍👍', {text_limit: 4, text_unit: 'utf16'}), null);
  assert.deepEqual(overLimit('👍👍👍', {text_limit: 4, text_unit: 'utf16'}), {length: 6, limit: 4});
});
