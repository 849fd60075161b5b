// The stream: one tab leads, the others follow; it comes back after whatever cut it, and goes on behind the last id.

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {createStream, SILENCE_MS} from '../../../services/desk/files/stream.js';

/** A browser with several tabs, whose time is moved by hand. */
function machine() {
  let now = 0;
  let timers = [];
  const sources = [];
  const channels = [];
  const waiting = [];
  let holder = null;

  const grant = () => {
    const next = waiting.shift();
    if (!next) return;
    holder = next;
    next.promise = Promise.resolve(next.work()).then(() => {
      if (holder === next) {
        holder = null;
        grant();
      }
    });
    next.promise.then(next.settle);
  };

  let tabs = 0;
  let frozen = null;
  const held = [];
  // A frozen tab gets to know later what happened.
  const told = (tab, work) => (tab === frozen ? held.push(work) : work());

  const tab = (number = tabs++) => ({
    openSource(url) {
      const handlers = {};
      const source = {
        url, readyState: 0, closed: false,
        addEventListener: (type, handler) => { handlers[type] = handler; },
        close() { this.closed = true; },
        send(type, data, id = '') { handlers[type]({type, data: JSON.stringify(data), lastEventId: id}); },
        fail(readyState = 0) { this.readyState = readyState; this.onerror(); },
      };
      sources.push(source);
      return source;
    },
    openChannel() {
      const channel = {
        onmessage: null, closed: false,
        postMessage: (data) => channels.filter((one) => one !== channel && !one.closed).forEach((one) => one.onmessage?.({data: structuredClone(data)})),
        close() { this.closed = true; },
      };
      channels.push(channel);
      return channel;
    },
    lock(name, options, work) {
      return new Promise((settle, reject) => {
        const request = {work, settle, tab: number};
        if (options.steal && holder) {
          const before = holder;
          holder = null;
          told(before.tab, () => before.stolen(new Error('stolen')));
          waiting.unshift(request);
        } else waiting.push(request);
        request.stolen = reject;
        if (!holder) grant();
      });
    },
    now: () => now,
    after(work, ms) { const timer = {work, at: now + ms, tab: number}; timers.push(timer); return timer; },
    every(work, ms) { const timer = {work, at: now + ms, every: ms, tab: number}; timers.push(timer); return timer; },
    cancel(timer) { timers = timers.filter((one) => one !== timer); },
    random: () => 0.5,
  });

  const settle = () => new Promise((done) => { setImmediate(done); });
  return {
    tab, sources, settle,
    freeze: (number) => { frozen = number; },
    thaw() {
      frozen = null;
      held.splice(0).forEach((work) => work());
    },
    live: () => sources.filter((source) => !source.closed),
    async pass(ms) {
      const end = now + ms;
      for (;;) {
        const next = timers.filter((timer) => timer.at <= end && timer.tab !== frozen).sort((one, other) => one.at - other.at)[0];
        if (!next) break;
        now = next.at;
        if (next.every) next.at += next.every;
        else timers = timers.filter((one) => one !== next);
        next.work();
        await settle();
      }
      now = end;
      await settle();
    },
  };
}

function follow(one) {
  const seen = {events: [], states: [], refused: 0};
  const stream = createStream({
    name: 'x',
    url: (last) => (last ? `/stream?last_event_id=${last}` : '/stream'),
    onEvent: ({type, data}) => seen.events.push([type, data]),
    onState: ({live}) => seen.states.push(live),
    onRefused: () => { seen.refused += 1; },
  }, one.tab());
  return {...seen, seen, stream};
}

test('one tab has the stream, and the others are told of each event in the same order', async () => {
  const browser = machine();
  const [first, second] = [follow(browser), follow(browser)];
  await browser.settle();
  assert.equal(browser.sources.length, 1);
  browser.sources[0].send('hello', {version: '1'});
  browser.sources[0].send('row', {id: 'a'}, '1');
  assert.deepEqual(first.seen.events, second.seen.events);
  assert.deepEqual(second.seen.events, [['hello', {version: '1', reset: true}], ['row', {id: 'a'}]]);
  assert.deepEqual(second.seen.states, [true]);
});

test('when the leading tab closes, another goes on behind the last id', async () => {
  const browser = machine();
  const first = follow(browser);
  const second = follow(browser);
  await browser.settle();
  browser.sources[0].send('row', {id: 'a'}, '41');
  first.stream.stop();
  await browser.settle();
  assert.equal(browser.sources.length, 2);
  assert.equal(browser.sources[1].url, '/stream?last_event_id=41');
  browser.sources[1].send('row', {id: 'b'}, '42');
  assert.deepEqual(second.seen.events.map(([, data]) => data.id), ['a', 'b']);
});

test('it tries again ever more slowly, for ever, and begins anew once it is through', async () => {
  const browser = machine();
  const one = follow(browser);
  await browser.settle();
  const waits = [];
  for (let count = 0; count < 8; count += 1) {
    const before = browser.sources.length;
    browser.sources.at(-1).fail();
    let waited = 0;
    while (browser.sources.length === before) {
      await browser.pass(250);
      waited += 250;
    }
    waits.push(waited);
  }
  assert.deepEqual(waits, [1000, 2000, 4000, 8000, 15_000, 15_000, 15_000, 15_000]);
  browser.sources.at(-1).send('hello', {});
  browser.sources.at(-1).fail();
  await browser.pass(1000);
  assert.equal(browser.live().length, 1);
  assert.deepEqual(one.seen.states, [true, false]);
});

test('silence is a dead connection', async () => {
  const browser = machine();
  const one = follow(browser);
  await browser.settle();
  browser.sources[0].send('beat', {}, '7');
  await browser.pass(SILENCE_MS - 5000);
  assert.equal(browser.sources.length, 1);
  await browser.pass(10_000);
  assert.equal(browser.sources.length, 2);
  assert.equal(browser.sources[0].closed, true);
  assert.equal(browser.sources[1].url, '/stream?last_event_id=7');
  assert.deepEqual(one.seen.states, [true, false]);
});

test('after sleep it does not wait for its turn', async () => {
  const browser = machine();
  const one = follow(browser);
  await browser.settle();
  browser.sources[0].send('beat', {}, '7');
  browser.sources[0].fail();
  await browser.pass(1);
  one.stream.check(true);
  assert.equal(browser.sources.length, 2);
});

test('a stream that begins without an id says that everything has to be read', async () => {
  const browser = machine();
  const one = follow(browser);
  await browser.settle();
  browser.sources[0].send('hello', {});
  one.stream.drop();
  await browser.pass(1000);
  browser.sources[1].send('hello', {});
  browser.sources[1].send('beat', {}, '5');
  one.stream.drop();
  await browser.pass(1000);
  browser.sources[2].send('hello', {});
  assert.deepEqual(one.seen.events.filter(([type]) => type === 'hello').map(([, data]) => Boolean(data.reset)), [true, true, false]);
});

test('a stream that is refused is asked about, and tried on', async () => {
  const browser = machine();
  const one = follow(browser);
  await browser.settle();
  browser.sources[0].fail(2);
  assert.equal(one.seen.refused, 1);
  await browser.pass(1000);
  assert.equal(browser.sources.length, 2);
});

test('a leading tab that is frozen loses the lead, and follows once it wakes', async () => {
  const browser = machine();
  const frozen = follow(browser);
  const other = follow(browser);
  await browser.settle();
  browser.sources[0].send('beat', {}, '3');
  browser.freeze(0);
  await browser.pass(70_000);
  assert.equal(other.stream.leads, true);
  assert.equal(browser.sources.at(-1).url, '/stream?last_event_id=3');
  browser.thaw();
  await browser.settle();
  assert.equal(frozen.stream.leads, false);
  assert.equal(browser.live().length, 1);
  browser.live()[0].send('row', {id: 'a'}, '4');
  assert.deepEqual([frozen, other].map((one) => one.seen.events.at(-1)), [['row', {id: 'a'}], ['row', {id: 'a'}]]);
});
