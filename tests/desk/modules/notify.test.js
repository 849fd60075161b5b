// What is told once, as a number, when the page is connected.

import assert from 'node:assert/strict';
import {mock, test} from 'node:test';

// What draws asks for a document when it is imported; nothing is drawn here.
globalThis.document = {createComment: () => ({}), createTreeWalker: () => ({})};
const {createNotify} = await import('../../../services/desk/files/attention/notify.js');

const me = {id: 'sara', presence: 'online', load: 0, capacity: 10};
const row = (id) => ({id, agent: 'sara', status: 'assigned', unanswered_since: '2026-01-01T00:00:00Z', snoozed_until: null, channel: 'telegram', person: {name: id}});

/** A page with these rows of the agent, and what it says. */
function page(...ids) {
  const said = [];
  const state = {me, rows: new Map(ids.map((id) => [id, row(id)])), threads: new Map(), offers: new Map(), settings: {sound: 'off'}, now: () => 0};
  const notify = createNotify({
    state,
    update: (change) => change(),
    say: (words) => said.push(words),
    sounds: {ours: false, play() {}, stop() {}},
    here: {isSeen: () => false},
    notifications: {show() {}, close() {}},
    own: new Set(),
    badge() {},
  });
  const hear = (type, data = {}) => notify.heard({type, data, leads: false, known: undefined});
  const arrive = (id) => {
    state.rows.set(id, row(id));
    hear('row', row(id));
  };
  return {said, state, hear, arrive};
}

function connected(work) {
  mock.timers.enable({apis: ['setTimeout']});
  try {
    work();
    mock.timers.tick(10_000);
  } finally {
    mock.timers.reset();
  }
}

test('who wrote while the page was away is summed up', () => {
  const {said, state, hear} = page('old');
  connected(() => {
    hear('hello');
    state.rows.set('new', row('new'));
    hear('counts');
  });
  // No words are loaded: the key stands for the sentence.
  assert.deepEqual(said, ['while_away']);
});

test('who writes once the page is there is no summary', () => {
  const {said, hear, arrive} = page();
  connected(() => {
    hear('hello');
    hear('counts');
    arrive('new');
  });
  assert.deepEqual(said, []);
});

test('nothing new is no summary', () => {
  const {said, hear} = page('old');
  connected(() => {
    hear('hello');
    hear('counts');
  });
  assert.deepEqual(said, []);
});
