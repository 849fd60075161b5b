// What an agent is told of, and how: a table of cases, and a slow model of "one per conversation in 30 seconds".

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {decide, isOver, newsOfMessage, newsOfRow, newsOfTime, ONCE_MS, titled, unansweredOfMine, WAITS_MS, WARN_MS} from '../../../services/desk/files/attention/deciding.js';

const NOW = Date.parse('2026-03-02T09:00:00Z');
const at = (ms) => new Date(NOW + ms).toISOString();
const me = {id: 'sara', presence: 'online', load: 1, capacity: 4, teams: ['sales']};
const row = (more = {}) => ({id: 'c1', status: 'assigned', agent: 'sara', team: 'sales', assigned_at: at(-3_600_000), ...more});
const around = (more = {}) => ({me, looking: false, catchingUp: false, last: new Map(), now: NOW, settings: {notifications: 'on'}, ...more});
const kinds = (news) => news.map((one) => one.kind);

test('what is given to me is told, and what I took myself, had before or others have is not', () => {
  const news = (known, now, own = new Set()) => kinds(newsOfRow({known, row: now, me, now: NOW, own}));
  assert.deepEqual(news(row({agent: null, status: 'waiting'}), row()), ['given']);
  assert.deepEqual(news(row({agent: 'reza'}), row()), ['given']);
  assert.deepEqual(news(row({status: 'resolved'}), row()), ['given']);
  assert.deepEqual(news(row(), row({status: 'pending'})), []);
  assert.deepEqual(news(row({agent: null}), row({agent: 'reza'})), []);
  assert.deepEqual(news(row({agent: null}), row(), new Set(['c1'])), []);
  // A row that the page did not know: an old message that is assigned to me now is told as well.
  assert.deepEqual(news(undefined, row({assigned_at: at(-2000), updated_at: at(-9e8)})), ['given']);
  assert.deepEqual(news(undefined, row()), []);
});

test('a mention is told once', () => {
  const news = (known, now) => kinds(newsOfRow({known, row: now, me, now: NOW, own: new Set()}));
  const others = {agent: 'reza'};
  assert.deepEqual(news(row(others), row({...others, mentioned: ['sara']})), ['mention']);
  assert.deepEqual(news(row({...others, mentioned: ['sara']}), row({...others, mentioned: ['sara', 'lea']})), []);
  assert.deepEqual(news(row(others), row({...others, mentioned: ['lea']})), []);
});

test('a message of a customer of mine is told, and nothing else that is written', () => {
  const message = (more) => ({id: 'm1', conversation: 'c1', direction: 'inbound', state: 'received', ...more});
  assert.deepEqual(kinds(newsOfMessage({message: message(), row: row(), me})), ['message']);
  for (const [said, where] of [[message({direction: 'outbound'}), row()], [message({direction: 'note'}), row()], [message({state: 'edited'}), row()], [message({state: 'deleted'}), row()], [message(), row({agent: 'reza'})], [message(), row({status: 'resolved'})], [message(), undefined]])
    assert.deepEqual(newsOfMessage({message: said, row: where, me}), []);
});

test('time tells of a clock of mine that is nearly due, and of who waits while I am free: each once', () => {
  const told = new Set();
  const due = row({due: {at: at(WARN_MS), state: 'running', metric: 'first_response'}});
  const waiting = row({id: 'c2', status: 'waiting', agent: null, unanswered_since: at(-WAITS_MS - 1)});
  const news = (rows, who = me) => newsOfTime({rows, me: who, now: NOW, told});
  assert.deepEqual(kinds(news([due, waiting])), ['due', 'waiting']);
  for (const one of news([due, waiting])) told.add(one.mark);
  assert.deepEqual(news([due, waiting]), []);
  assert.deepEqual(kinds(news([{...due, due: {...due.due, at: at(WARN_MS - 1000)}}])), ['due'], 'the next clock is another');
  told.clear();
  for (const state of ['paused', 'breached']) assert.deepEqual(news([row({due: {at: at(1000), state}})]), []);
  assert.deepEqual(news([row({due: {at: at(WARN_MS + 1), state: 'running'}}), row({due: {at: at(-1), state: 'running'}})]), []);
  assert.deepEqual(news([{...waiting, unanswered_since: at(-WAITS_MS)}, {...waiting, team: 'billing'}]), []);
  for (const who of [{...me, load: 4}, {...me, presence: 'away'}]) assert.deepEqual(news([waiting], who), []);
});

test('who is offline is told nothing, and who looks at it hears only of offers', () => {
  const told = (kind, circumstances) => decide({kind, conversation: 'c1'}, around(circumstances));
  for (const kind of ['offer', 'given', 'message', 'mention', 'due', 'waiting']) {
    assert.deepEqual(told(kind), {alert: true, sound: true, notification: true, why: 'new'}, kind);
    assert.equal(told(kind, {me: {...me, presence: 'offline'}}).why, 'offline', kind);
    assert.equal(told(kind, {me: null}).alert, false, kind);
    assert.equal(told(kind, {me: {...me, presence: 'away'}}).alert, true, kind);
    assert.equal(told(kind, {looking: true}).alert, kind === 'offer', kind);
    assert.equal(told(kind, {catchingUp: true}).alert, kind === 'offer', kind);
  }
  assert.equal(told('offer', {looking: true}).notification, false);
});

test('sound and notification are as they are set; a fresh agent hears the first', () => {
  const told = (settings) => decide({kind: 'message', conversation: 'c1'}, around({settings}));
  assert.deepEqual([told({}).sound, told({}).notification], [true, false]);
  assert.deepEqual([told({sound: 'off'}).sound, told({sound: 'off'}).alert], [false, true]);
  assert.equal(told({notifications: 'off'}).notification, false);
});

test('of one conversation there is one alert in 30 seconds, but offers are always told', () => {
  let seed = 7;
  const random = (below) => (seed = (seed * 48271) % 2147483647) % below;
  const last = new Map();
  const log = [];
  let now = NOW;
  for (let step = 0; step < 2000; step += 1) {
    now += random(12_000);
    const news = {kind: ['message', 'given', 'mention', 'offer'][random(4)], conversation: `c${random(3)}`};
    const {alert} = decide(news, around({last, now}));
    const earlier = log.filter((one) => one.conversation === news.conversation && now - one.at < ONCE_MS);
    assert.equal(alert, news.kind === 'offer' || earlier.length === 0);
    if (alert) {
      last.set(news.conversation, now);
      log.push({...news, at: now});
    }
  }
  assert.ok(log.length > 300);
});

test('an alert is over when it was answered, taken, resolved, gone or seen; an open offer is not', () => {
  const over = (more, circumstances = {}) => isOver({row: more && row({unanswered_since: at(0), ...more}), me, offers: [], looking: false, ...circumstances});
  assert.equal(over({}), false);
  for (const more of [{unanswered_since: null}, {agent: 'reza'}, {agent: null, status: 'resolved'}, null]) assert.equal(over(more), true);
  assert.equal(over({}, {looking: true}), true);
  assert.equal(over({status: 'offered', agent: null}, {offers: [{conversation: 'c1'}]}), false);
  assert.equal(over({status: 'offered', agent: null}, {offers: [{conversation: 'c1', ended: 'accepted'}]}), true);
});

test('the title counts what waits for an answer of mine, and says nothing else', () => {
  const rows = [row({unanswered_since: at(0)}), row({unanswered_since: null}), row({agent: 'reza', unanswered_since: at(0)}), row({unanswered_since: at(0), snoozed_until: at(5000)}), row({status: 'resolved', unanswered_since: at(0)})];
  assert.equal(unansweredOfMine(rows, me), 1);
  assert.deepEqual([titled(3, 'Desk'), titled(0, 'Desk')], ['(3) Desk', 'Desk']);
});
