// Where the agent is, told to colleagues; sounds of one tab; and the countdown of an offer.

import assert from 'node:assert/strict';
import {test} from 'node:test';

import {createHere} from '../../../services/desk/files/attention/here.js';
import {createNotifications} from '../../../services/desk/files/attention/notifications.js';
import {deviceName, isLowered, openOffers, othersIn, secondsLeft} from '../../../services/desk/files/attention/reckoning.js';
import {createSounds} from '../../../services/desk/files/attention/sounds.js';
import {AGAIN_MS, createTelling, PAUSE_MS} from '../../../services/desk/files/attention/telling.js';

/** A clock whose time the test moves, with timers that fire in their order. */
function clock() {
  let now = 1_000_000;
  let timers = [];
  return {
    now: () => now,
    after: (work, ms) => {
      const timer = {work, at: now + ms};
      timers.push(timer);
      return timer;
    },
    cancel: (timer) => {
      timers = timers.filter((one) => one !== timer);
    },
    move(ms) {
      const end = now + ms;
      for (;;) {
        const [next] = timers.filter((timer) => timer.at <= end).sort((one, other) => one.at - other.at);
        if (!next) break;
        timers = timers.filter((one) => one !== next);
        now = next.at;
        next.work();
      }
      now = end;
    },
  };
}

function telling() {
  const time = clock();
  const sent = [];
  const one = createTelling({...time, send: (conversation, body, leaving) => sent.push([conversation, body, leaving])});
  return {time, sent, one, take: () => sent.splice(0)};
}

test('a conversation that stays open is told once, and one that is passed over is not', () => {
  const {time, one, take} = telling();
  for (const id of ['c1', 'c2', 'c3']) {
    one.look(id);
    time.move(100);
  }
  time.move(1000);
  assert.deepEqual(take(), [['c3', {typing: null}, false]]);
  one.look('c3');
  time.move(600_000);
  assert.deepEqual(take(), [], 'the beats say it again');
});

test('typing is told at once, again while it goes on, and ends with a pause', () => {
  const {time, one, take} = telling();
  one.look('c1');
  time.move(1000);
  take();
  for (let key = 0; key < 40; key += 1) {
    one.typed('reply');
    time.move(500);
  }
  const told = take();
  assert.deepEqual(told[0], ['c1', {typing: 'reply'}, false]);
  assert.equal(told.length, 1 + Math.floor((39 * 500) / AGAIN_MS));
  time.move(PAUSE_MS);
  assert.deepEqual(take(), [['c1', {typing: null}, false]]);
  one.typed('note');
  one.finished();
  assert.deepEqual(take().map(([, body]) => body.typing), ['note', null]);
});

test('who looks away for a moment is still there, and who goes is not', () => {
  const {time, one, take} = telling();
  one.look('c1');
  time.move(1000);
  take();
  one.look(null);
  time.move(4000);
  one.look('c1');
  time.move(10_000);
  assert.deepEqual(take(), []);
  one.look(null);
  time.move(5000);
  assert.deepEqual(take(), [['c1', {viewing: false}, true]]);
  one.look('c1');
  time.move(1000);
  one.look('c1', true);
  assert.deepEqual(take().at(-1), ['c1', {viewing: false}, true]);
});

test('what is typed in one conversation is not told of the next', () => {
  const {time, one, take} = telling();
  one.look('c1');
  time.move(1000);
  one.typed('reply');
  one.look('c2');
  time.move(1000);
  assert.deepEqual(take().at(-1), ['c2', {typing: null}, false]);
});

test('the tab that answers the beats knows where the other tabs are', () => {
  const channels = [];
  const open = () => {
    const channel = {postMessage: (data) => channels.filter((one) => one !== channel).forEach((one) => one.onmessage({data}))};
    channels.push(channel);
    return channel;
  };
  let now = 0;
  const [leader, other] = ['a', 'b'].map((tab) => createHere({channel: open(), tab, now: () => now}));
  leader.set({conversation: 'c1', typing: null, focused: false, visible: false});
  other.set({conversation: 'c2', typing: 'reply', focused: true, visible: true});
  assert.deepEqual(leader.beat(), {visible: true, viewing: 'c2', typing: 'reply'});
  assert.deepEqual([leader.isSeen('c2'), leader.isSeen('c1'), leader.isVisible()], [true, false, true]);
  assert.deepEqual(leader.beat({push: true}).push, true);
  other.leave();
  assert.deepEqual(leader.beat(), {});
  other.set({conversation: 'c2', typing: null, focused: true, visible: true});
  now += 60_000;
  assert.deepEqual([leader.beat(), leader.isVisible()], [{}, false], 'a tab that froze is forgotten');
});

test('one tab of a browser sounds, when it may; it falls silent at once', async () => {
  const waiting = [];
  let held = false;
  const lock = (work) => {
    waiting.push(work);
    if (!held) {
      held = true;
      waiting.shift()();
    }
  };
  function browser(allowed) {
    const notes = [];
    const context = {
      state: 'suspended', currentTime: 0, destination: {},
      resume: async () => {
        if (context.allowed) context.state = 'running';
      },
      allowed,
      createOscillator: () => {
        const note = {frequency: {}, connect: (to) => to, start: () => notes.push('start'), stop: (at) => at === undefined && notes.push('stop')};
        return note;
      },
      createGain: () => ({gain: {setValueAtTime() {}, linearRampToValueAtTime() {}}, connect: (to) => to}),
    };
    return {context, notes, sounds: createSounds({open: () => context, onChange() {}, lock})};
  }
  const blocked = browser(false);
  assert.equal(await blocked.sounds.unlock(), false);
  assert.deepEqual([blocked.sounds.state, blocked.sounds.ours, blocked.sounds.play('soft')], ['blocked', false, false]);
  const first = browser(true);
  const second = browser(true);
  await first.sounds.unlock();
  await second.sounds.unlock();
  assert.deepEqual([first.sounds.ours, second.sounds.ours], [true, false]);
  assert.equal(first.sounds.play('offer'), true);
  first.sounds.stop();
  assert.deepEqual(first.notes, ['start', 'start', 'start', 'stop', 'stop', 'stop']);
  blocked.context.allowed = true;
  assert.equal(await blocked.sounds.unlock(), true);
});

test('the countdown of an offer goes by the time of the server', () => {
  const offer = {id: 'o1', expires_at: '2026-03-02T09:00:30Z'};
  const begin = Date.parse('2026-03-02T09:00:00Z');
  assert.deepEqual([0, 1, 500, 29_500, 30_000, 3_600_000].map((ms) => secondsLeft(offer, begin + ms)), [30, 30, 30, 1, 0, 0]);
  const state = {offers: new Map([['o1', offer], ['o2', {...offer, id: 'o2', expires_at: '2026-03-02T09:00:10Z'}], ['o3', {...offer, id: 'o3', ended: 'declined'}]]), now: () => begin};
  assert.deepEqual(openOffers(state).map(({id}) => id), ['o2', 'o1']);
  assert.deepEqual(openOffers({...state, now: () => begin + 10_000}).map(({id}) => id), ['o1']);
});

test('others are shown, oneself is not', () => {
  const state = {me: {id: 'sara'}, agents: new Map([['lea', {name: 'Lea'}]]), signals: new Map([['c1', new Map([['sara', {kind: 'reply'}], ['reza', {kind: 'note', name: 'Reza'}], ['lea', {kind: 'viewing'}]])]])};
  assert.deepEqual(othersIn(state, 'c1'), [{agent: 'reza', kind: 'note', name: 'Reza'}, {agent: 'lea', kind: 'viewing', name: 'Lea'}]);
  assert.deepEqual(othersIn(state, 'c2'), []);
});

test('a presence is lowered when it is not what the agent declared', () => {
  assert.deepEqual([isLowered({presence: 'away', presence_declared: 'online'}), isLowered({presence: 'away', presence_declared: 'away'}), isLowered(null)], [true, false, false]);
});

test('a notification has a tag, so that the next about it replaces it, and goes when it is over', async () => {
  const shown = [];
  const worker = {
    active: true,
    showNotification: async (title, options) => shown.push({title, ...options, close: () => shown.splice(shown.findIndex((one) => one.tag === options.tag), 1)}),
    getNotifications: async ({tag}) => shown.filter((one) => one.tag === tag),
  };
  let permission = 'default';
  const one = createNotifications({open() {}, icon: 'i'}, {permission: () => permission, ask: async () => 'granted', worker: async () => worker, plain() {}});
  await one.show({title: 'T', body: 'Telegram', conversation: 'c1'});
  assert.deepEqual(shown, [], 'nothing without leave');
  permission = 'granted';
  await one.show({title: 'T', body: 'Telegram', conversation: 'c1'});
  assert.deepEqual(shown.map(({title, body, tag, data}) => [title, body, tag, data.url]), [['T', 'Telegram', 'c1', '/desk/c/c1']]);
  await one.close('c1');
  assert.deepEqual(shown, []);
});

test('devices are named in few words', () => {
  assert.equal(deviceName('Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0'), 'Firefox, Windows');
  assert.equal(deviceName('Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile Safari/604.1'), 'Safari, iPhone');
  assert.equal(deviceName('Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130 Safari/537.36 Edg/130'), 'Edge, Windows');
  assert.equal(deviceName('curl/8'), 'curl/8');
});
