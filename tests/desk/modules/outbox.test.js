import assert from 'node:assert/strict';
import {test} from 'node:test';

import {draftPrefix, pageLocks} from '../../../services/desk/files/writing/drafts.js';
import {OLDEST_MS, PAUSES_MS} from '../../../services/desk/files/writing/outbox.js';
import {Clock, PRIVATE, SARA, Server, first, kill, openTab, settled} from './writing.js';

const world = () => ({clock: new Clock(), server: new Server(), map: new Map(), locks: pageLocks(null), others: []});

async function typed(here, text = 'Hello Neda', {conversation = 'c1', kind = 'reply'} = {}) {
  const tab = await openTab(here);
  tab.drafts.edit(conversation, kind, {text}, first);
  await tab.drafts.flush();
  return tab;
}

const texts = (server) => server.done.map((one) => one.body.text);

test('a send is on the device with its body before the first request, and the text has left the composer', async () => {
  const here = world();
  const tab = await typed(here);
  let stored = null;
  here.server.request = async () => {
    stored = [...here.map];
    return {status: 201, body: {id: 'm9'}};
  };
  const pressed = tab.outbox.send('c1', 'reply', {after: 'm4'});
  assert.equal(tab.drafts.get('c1', 'reply'), null);
  assert.equal(await pressed, true);
  await settled();
  assert.equal(stored.length, 1);
  assert.deepEqual(stored[0][1].body, {agent: 'sara', text: 'Hello Neda', surface: 'private', after: 'm4'});
  assert.deepEqual([...here.map.keys()].map((key) => key.split('/')[0]), ['sent']);
  assert.equal(tab.sent[0][1].id, 'm9');
});

test('five presses send once', async () => {
  const here = world();
  const tab = await typed(here);
  await Promise.all([1, 2, 3, 4, 5].map(() => tab.outbox.send('c1', 'reply')));
  await settled();
  assert.deepEqual(texts(here.server), ['Hello Neda']);
});

test('two tabs that show one draft send it once', async () => {
  const here = world();
  const one = await typed(here);
  const other = await openTab({...here, others: []});
  assert.equal(other.drafts.get('c1', 'reply').text, 'Hello Neda');
  await Promise.all([one.outbox.send('c1', 'reply'), other.outbox.send('c1', 'reply')]);
  await settled();
  assert.deepEqual(texts(here.server), ['Hello Neda']);
  assert.deepEqual([one, other].map((tab) => tab.drafts.get('c1', 'reply')), [null, null]);
});

test('what was typed in another tab after the draft was sent is a draft of its own', async () => {
  const here = world();
  const one = await typed(here);
  const other = await openTab({...here, others: []});
  await one.outbox.send('c1', 'reply');
  other.drafts.edit('c1', 'reply', {text: 'Hello Neda, and more'}, first);
  await here.clock.pass(300);
  await other.outbox.send('c1', 'reply');
  await settled();
  assert.deepEqual(texts(here.server), ['Hello Neda', 'Hello Neda, and more']);
});

test('without an answer the same request goes again under the same key, with growing pauses', async () => {
  const here = world();
  const tab = await typed(here);
  here.server.answers = ['unanswered', 'lost', 503, 'unanswered'];
  await tab.outbox.send('c1', 'reply');
  for (const pause of PAUSES_MS.slice(0, 4)) {
    await here.clock.pass(pause - 1);
    const before = here.server.answers.length;
    await here.clock.pass(1);
    assert.ok(here.server.answers.length <= before);
  }
  await settled();
  assert.deepEqual(texts(here.server), ['Hello Neda']);
  assert.equal(tab.sent.length, 1);
  assert.deepEqual(tab.outbox.all(), []);
});

test('a connection that is back is used at once', async () => {
  const here = world();
  const tab = await typed(here);
  here.server.answers = ['lost', 'lost', 'lost'];
  await tab.outbox.send('c1', 'reply');
  await here.clock.pass(PAUSES_MS[0] + PAUSES_MS[1]);
  assert.deepEqual(texts(here.server), []);
  await tab.outbox.resume();
  await settled();
  assert.deepEqual(texts(here.server), ['Hello Neda']);
});

test('answers of one conversation go in the order of the presses; another conversation does not wait for them', async () => {
  const here = world();
  const tab = await typed(here, 'first');
  here.server.next = (path) => (path.includes('/c1/') && here.clock.now < 1_800_000_000_500 ? 'lost' : 'ok');
  await tab.outbox.send('c1', 'reply');
  here.clock.now += 10;
  tab.drafts.edit('c1', 'reply', {text: 'second'}, first);
  await tab.outbox.send('c1', 'reply');
  tab.drafts.edit('c2', 'reply', {text: 'elsewhere'}, first);
  await tab.outbox.send('c2', 'reply');
  await settled();
  assert.deepEqual(texts(here.server), ['elsewhere']);
  await here.clock.pass(PAUSES_MS[0] + PAUSES_MS[1]);
  assert.deepEqual(texts(here.server), ['elsewhere', 'first', 'second']);
});

test('202 is on its way: its command is asked until it is applied', async () => {
  const here = world();
  const tab = await typed(here);
  here.server.answers = [202, 202, 202, 'ok'];
  await tab.outbox.send('c1', 'reply');
  await settled();
  assert.equal(tab.outbox.all()[0].state, 'accepted');
  await here.clock.pass(60_000);
  assert.deepEqual([tab.outbox.all(), texts(here.server)], [[], ['Hello Neda']]);
});

test('202 whose command is refused comes back as a draft with the reason', async () => {
  const here = world();
  const tab = await typed(here);
  const problem = {status: 409, code: 'not_assignee', reason: 'assigned_to_other', params: {assignee: 'reza'}, detail: 'Reza has it.'};
  here.server.refusals.set('Hello Neda', problem);
  here.server.answers = [202];
  await tab.outbox.send('c1', 'reply');
  await here.clock.pass(60_000);
  const draft = tab.drafts.get('c1', 'reply');
  assert.deepEqual([draft.text, draft.refusal.code, draft.refusal.params.assignee], ['Hello Neda', 'not_assignee', 'reza']);
});

test('a refusal keeps text, target and files, on the device too, and the draft can be sent under another key', async () => {
  const here = world();
  const tab = await openTab(here);
  tab.drafts.edit('c1', 'reply', {text: 'old news', files: [{id: 'f1'}]}, first);
  here.server.refusals.set('old news', {status: 409, code: 'newer_message', params: {message: 'm7'}});
  await tab.outbox.send('c1', 'reply', {after: 'm4'});
  await settled();
  const draft = tab.drafts.get('c1', 'reply');
  assert.deepEqual([draft.text, draft.files, draft.target], ['old news', [{id: 'f1'}], PRIVATE]);
  assert.equal(here.map.get(`${draftPrefix('shop/sara')}c1|reply`).refusal.code, 'newer_message');
  here.server.refusals.clear();
  await tab.outbox.send('c1', 'reply', {after: 'm7'});
  await settled();
  assert.deepEqual(here.server.done.map((one) => one.body.after), ['m7']);
});

test('a send that never went and is older than ten minutes comes back, and does not go by itself', async () => {
  const here = world();
  const tab = await typed(here);
  let isAway = true;
  here.server.next = () => (isAway ? 'lost' : 'ok');
  await tab.outbox.send('c1', 'reply');
  kill(tab);
  here.clock.now += OLDEST_MS + 1;
  isAway = false;
  const after = await openTab(here);
  await settled();
  assert.deepEqual(texts(here.server), []);
  assert.equal(after.drafts.get('c1', 'reply').text, 'Hello Neda');
  assert.equal(after.drafts.get('c1', 'reply').refusal.code, 'too_old');
});

test('an old send that had arrived without an answer is not shown as unsent, and not sent again', async () => {
  const here = world();
  const tab = await typed(here);
  here.server.answers = ['unanswered'];
  await tab.outbox.send('c1', 'reply');
  await settled();
  kill(tab);
  here.clock.now += OLDEST_MS + 1;
  const after = await openTab({...here, locks: pageLocks(null)});
  await settled();
  assert.deepEqual(texts(here.server), ['Hello Neda']);
  assert.equal(after.drafts.get('c1', 'reply'), null);
  assert.deepEqual(after.outbox.all(), []);
});

test('what comes back while something else is written waits beside it until the agent says', async () => {
  const here = world();
  const tab = await typed(here, 'first');
  here.server.refusals.set('first', {status: 409, code: 'secret_in_public'});
  here.server.next = () => {
    tab.drafts.edit('c1', 'reply', {text: 'second'}, first);
    return 'ok';
  };
  await tab.outbox.send('c1', 'reply');
  await settled();
  const [send] = tab.outbox.all();
  assert.deepEqual([send.state, send.draft.text, tab.drafts.get('c1', 'reply').text], ['returned', 'first', 'second']);
  await tab.outbox.putBack(send.id);
  assert.equal(tab.drafts.get('c1', 'reply').text, "first\nsecond");
  assert.deepEqual(tab.outbox.all(), []);
});

test('a session that ends keeps the send; the same agent goes on with it, another does not', async () => {
  const here = world();
  const tab = await typed(here);
  here.server.answers = [401];
  await tab.outbox.send('c1', 'reply');
  await settled();
  assert.equal(tab.signedOut, 1);
  const reza = await openTab({...here, scope: {...SARA, agent: 'reza'}});
  await reza.outbox.resume();
  await settled();
  assert.deepEqual(texts(here.server), []);
  await tab.outbox.resume();
  await settled();
  assert.deepEqual(here.server.done.map((one) => [one.body.agent, one.body.text]), [['sara', 'Hello Neda']]);
});

test('a note goes to the notes and has no surface', async () => {
  const here = world();
  const tab = await typed(here, 'only for us', {kind: 'note'});
  await tab.outbox.send('c1', 'note', {after: 'm1'});
  await settled();
  assert.deepEqual(here.server.done.map((one) => [one.path, one.body]), [['/conversations/c1/notes', {agent: 'sara', text: 'only for us'}]]);
});

test('five files without a text go in their order', async () => {
  const here = world();
  const tab = await openTab(here);
  tab.drafts.edit('c1', 'reply', {files: [1, 2, 3, 4, 5].map((n) => ({id: `f${n}`}))}, first);
  await tab.outbox.send('c1', 'reply');
  await settled();
  assert.deepEqual(here.server.done[0].body, {agent: 'sara', attachments: ['f1', 'f2', 'f3', 'f4', 'f5'], surface: 'private'});
});

test('a device that keeps nothing sends nothing, and the text is in the composer as before', async () => {
  const here = world();
  const tab = await typed(here);
  tab.storage.write = async () => {
    throw new Error('full');
  };
  const pressed = tab.outbox.send('c1', 'reply');
  tab.drafts.edit('c1', 'reply', {text: 'more'}, first);
  await assert.rejects(pressed);
  assert.deepEqual([texts(here.server), tab.drafts.get('c1', 'reply').text], [[], "Hello Neda\nmore"]);
});

test('a message that failed is sent again as another, with an id of its own', async () => {
  const here = world();
  const tab = await openTab(here);
  await tab.outbox.sendAgain({conversation: 'c1', kind: 'reply', text: 'again', files: [], target: PRIVATE});
  await settled();
  assert.deepEqual(texts(here.server), ['again']);
});

// Whatever happens, in whatever order: each text is with the server once, or before the agent's eyes, and never both.
function random(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

for (let seed = 1; seed <= 60; seed += 1) {
  test(`nothing is lost or sent twice in the disorder ${seed}`, async () => {
    const dice = random(seed);
    const here = world();
    const fates = ['ok', 'lost', 'unanswered', 202, 503, 'ok'];
    let isCalm = false;
    here.server.next = () => (isCalm ? 'ok' : fates[dice(fates.length)]);
    const written = [];
    let tabs = [await openTab(here), await openTab(here)];
    for (let step = 0; step < 40; step += 1) {
      const tab = tabs[dice(2)];
      const conversation = `c${dice(2)}`;
      const what = dice(6);
      if (what <= 1 && !tab.drafts.get(conversation, 'reply')) {
        const text = `text ${written.length}`;
        if (dice(5) === 0) here.server.refusals.set(text, {status: 409, code: 'newer_message'});
        written.push(text);
        tab.drafts.edit(conversation, 'reply', {text}, first);
        await tab.drafts.flush();
        await settled();
      } else if (what === 2) void tab.outbox.send(conversation, 'reply').catch(() => {});
      else if (what === 3) await here.clock.pass([50, 1000, 20_000, OLDEST_MS / 2][dice(4)]);
      else if (what === 4) await settled();
      else if (dice(4) === 0) {
        tabs.forEach(kill);
        here.locks = pageLocks(null);
        here.others = [];
        tabs = [await openTab(here), await openTab(here)];
      }
    }
    isCalm = true;
    await here.clock.pass(OLDEST_MS * 2);
    const found = texts(here.server);
    const shown = [...tabs[0].drafts.all(), ...tabs[0].outbox.all().map((send) => send.draft)].flatMap((draft) => draft.text.split("\n"));
    assert.deepEqual([...found, ...shown].sort(), written.toSorted());
    assert.ok(tabs[0].outbox.all().every((send) => send.state === 'returned'));
  });
}
