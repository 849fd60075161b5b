import assert from 'node:assert/strict';
import {test} from 'node:test';

import {newestShown, placeOfSecret, situationOf, unsentOf} from '../../../services/desk/files/writing/composing.js';

const NOW = Date.parse('2026-11-01T10:00:00Z');
const CONVERSATION = {
  id: 'c1', status: 'assigned', agent: 'sara', assigned_at: '2026-11-01T09:00:00Z', surface: 'private', sensitive: false,
  person: 'telegram:main:1', channel: 'telegram', account: 'main',
};
const TARGET = {surface: 'private', person: 'telegram:main:1', channel: 'telegram', account: 'main'};
const OPEN = {allowed: true, code: null, detail: null, until: null, text_limit: null, max_files: null};
const BOTH = {private: OPEN, public: OPEN};
const draftOf = (text, more = {}) => ({text, files: [], target: TARGET, ...more});
const given = (more = {}, conversation = {}) => ({
  conversation: {...CONVERSATION, ...conversation}, me: {id: 'sara', role: 'agent'}, canReply: BOTH, draft: draftOf('Hi'), kind: 'reply', now: NOW, ...more,
});
const codes = (more, conversation) => situationOf(given(more, conversation)).blocks.map((block) => block.code);
const ways = (more, conversation) => situationOf(given(more, conversation)).ways;

test('an answer of the assignee may be sent', () => assert.deepEqual(codes(), []));

test('nothing, and nothing but spaces, is not sent; files alone are', () => {
  assert.deepEqual(codes({draft: null}), ['empty']);
  assert.deepEqual(codes({draft: draftOf(' \n ')}), ['empty']);
  assert.deepEqual(codes({draft: draftOf('', {files: [{id: 'f', uploaded_at: NOW}]})}), []);
});

test('what a colleague has is said with the name and the time; a lead may take it over, everybody may note', () => {
  const [block] = situationOf(given({}, {agent: 'reza'})).blocks;
  assert.deepEqual(block, {code: 'held', agent: 'reza', since: '2026-11-01T09:00:00Z'});
  assert.deepEqual(ways({}, {agent: 'reza'}), ['save_as_note']);
  assert.deepEqual(ways({me: {id: 'sara', role: 'lead'}}, {agent: 'reza'}), ['take_over', 'save_as_note']);
  assert.deepEqual(codes({kind: 'note'}, {agent: 'reza'}), []);
});

test('a resolved conversation is reopened first; a closed one is not', () => {
  assert.deepEqual([codes({}, {status: 'resolved'}), ways({}, {status: 'resolved'})], [['resolved'], ['reopen']]);
  assert.deepEqual([codes({}, {status: 'closed'}), ways({}, {status: 'closed'})], [['closed'], []]);
  assert.deepEqual(codes({kind: 'note'}, {status: 'closed'}), []);
});

test('sensitive and public is refused before a word is typed, and the private side is offered', () => {
  const draft = draftOf('', {target: {...TARGET, surface: 'public'}});
  const canReply = {private: OPEN, public: {...OPEN, allowed: false, code: 'sensitive_in_public'}};
  assert.ok(codes({draft, canReply}, {sensitive: true, surface: 'public'}).includes('sensitive_public'));
  assert.ok(ways({draft, canReply}, {sensitive: true, surface: 'public'}).includes('other_surface'));
  // Without a draft it begins on the private side.
  assert.equal(situationOf(given({draft: null, canReply}, {sensitive: true, surface: 'public'})).target.surface, 'private');
});

test('a closed window says so and until when it was open; a short one counts down', () => {
  const closed = {private: {...OPEN, allowed: false, code: 'window_closed', until: '2026-11-01T09:30:00Z'}};
  assert.deepEqual(situationOf(given({canReply: closed})).blocks, [{code: 'not_allowed', why: 'window_closed', until: '2026-11-01T09:30:00Z', detail: null}]);
  const short = {private: {...OPEN, until: '2026-11-01T11:00:00Z'}};
  assert.deepEqual(situationOf(given({canReply: short})).hints, [{code: 'window_short', seconds: 3600}]);
  const over = {private: {...OPEN, until: '2026-11-01T09:59:59Z'}};
  assert.deepEqual(codes({canReply: over}), ['not_allowed']);
  const long = {private: {...OPEN, until: '2026-11-02T09:00:00Z'}};
  assert.deepEqual(situationOf(given({canReply: long})).hints, []);
});

test('a channel that only sends says so', () => {
  const oneWay = {private: {...OPEN, receives: false}};
  assert.deepEqual(situationOf(given({canReply: oneWay})).hints, [{code: 'sends_only', channel: 'telegram'}]);
});

test('another customer stops the draft until the agent switches; another surface is only said', () => {
  assert.deepEqual([codes({}, {person: 'webchat:main:9'}), ways({}, {person: 'webchat:main:9'})], [['target_changed'], ['switch']]);
  const moved = situationOf(given({}, {surface: 'public'}));
  assert.deepEqual([moved.blocks, moved.change, moved.ways, moved.target.surface], [[], 'surface', ['switch'], 'private']);
});

test('uploads are waited for, and one that failed is not passed over', () => {
  assert.deepEqual(codes({uploads: [{problem: null}]}), ['uploading']);
  assert.deepEqual(codes({uploads: [{problem: null}, {problem: {status: 413}}]}), ['upload_failed']);
  assert.deepEqual(codes({draft: draftOf('x', {files: [{id: 'f', uploaded_at: NOW - 24 * 3600_000}]})}), ['file_expired']);
  assert.deepEqual(codes({draft: draftOf('x', {files: Array.from({length: 11}, (_, n) => ({id: `f${n}`, uploaded_at: NOW}))})}), ['too_many_files']);
});

test('an unfilled variable stops answers and notes alike', () => {
  const draft = draftOf('order {order number}', {blanks: ['{order number}']});
  assert.deepEqual([codes({draft}), codes({draft, kind: 'note'})], [['unfilled'], ['unfilled']]);
});

test('a text that is too long is stopped', () => {
  const limited = {private: {...OPEN, text_limit: 1, text_unit: 'code_points'}};
  assert.deepEqual(situationOf(given({canReply: limited})).blocks, [{code: 'too_long', length: 2, limit: 1}]);
});

test('files are stopped where the channel takes none, or fewer', () => {
  const files = [1, 2].map((n) => ({id: `f${n}`, uploaded_at: NOW}));
  assert.deepEqual(codes({draft: draftOf('x', {files}), canReply: {private: {...OPEN, max_files: 0}}}), ['no_files']);
  assert.deepEqual(codes({draft: draftOf('x', {files}), canReply: {private: {...OPEN, max_files: 1}}}), ['too_many_files']);
});

test('what the conversation says itself is not said a second time by what the server said of answers', () => {
  const held = {private: {...OPEN, allowed: false, code: 'not_assignee'}};
  assert.deepEqual(codes({canReply: held}, {agent: 'reza'}), ['held']);
  assert.deepEqual(codes({canReply: held}), []);
  assert.deepEqual(codes({canReply: held}, {agent: null, status: 'pending'}), ['not_allowed']);
  assert.deepEqual(codes({canReply: {private: {...OPEN, allowed: false, code: 'finished'}}}), []);
});

test('after a refusal of the guard the private side is offered', () => {
  const draft = draftOf('my code', {target: {...TARGET, surface: 'public'}, refusal: {code: 'secret_in_public'}});
  assert.deepEqual(ways({draft}, {surface: 'public'}), ['other_surface']);
});

test('answering what waits takes it, and that is said', () => {
  assert.deepEqual(situationOf(given({}, {agent: null, status: 'waiting'})).hints, [{code: 'takes_it'}]);
});

for (const [text, quoted, secret] of [
  ['Your card 4111 1111 1111 1111 is blocked', '\u2068“Your card [card] is blocked”\u2069', '4111 1111 1111 1111'],
  ['4111111111111111 is yours', '“[card] is yours”', '4111111111111111'],
  ['call me:\n+371 20000000', '“call me: [phone]”', '+371 20000000'],
  ['کارت شما ۴۱۱۱۱۱۱۱۱۱۱۱۱۱۱۱ بسته شد', '“کارت شما [card] بسته شد”', '۴۱۱۱۱۱۱۱۱۱۱۱۱۱۱۱'],
]) {
  test(`the secret of a refusal is marked in the text: ${quoted}`, () => {
    const place = placeOfSecret(text, quoted);
    assert.equal(text.slice(place.start, place.stop), secret);
  });
}

test('a refusal that quotes nothing marks nothing', () => {
  assert.equal(placeOfSecret('text', 'card'), null);
  assert.equal(placeOfSecret('other text', '“my card [card] please”'), null);
});

test('the newest message that is shown is the last', () => {
  assert.equal(newestShown([{id: 'm1'}, {id: 'm2'}]), 'm2');
  assert.equal(newestShown([]), null);
  assert.equal(newestShown([{id: 'm1', album: {id: 'a', messages: ['m1', 'm2', 'm3']}}]), 'm3');
});

test('what waits, came back or was not delivered is counted by conversation; what goes at the first try is not', () => {
  const send = (conversation, state, tries) => ({conversation, state, tries});
  const row = (id, more) => [id, {id, failed: true, agent: 'sara', status: 'pending', ...more}];
  const state = {
    me: {id: 'sara'},
    outbox: [send('c1', 'waiting', 1), send('c2', 'waiting', 2), send('c2', 'returned', 1), send('c3', 'accepted', 1), send('c4', 'returned', 1)],
    rows: new Map([row('c5'), row('c6', {agent: 'reza'}), row('c7', {status: 'closed'}), row('c8', {failed: false})]),
  };
  assert.deepEqual(unsentOf(state), {waiting: ['c2', 'c4'], failed: ['c5']});
});
