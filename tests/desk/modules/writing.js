// What the tests of drafts and sends have instead of a browser and a server.

import {Drafts, pageLocks} from '../../../services/desk/files/writing/drafts.js';
import {Outbox} from '../../../services/desk/files/writing/outbox.js';
import {memoryStorage} from '../../../services/desk/files/writing/storage.js';

/** A clock and the timers of a page, which the test moves. */
export class Clock {
  now = 1_800_000_000_000;
  #timers = new Map();
  #next = 1;

  timer = {
    set: (work, ms) => {
      this.#timers.set(this.#next, {at: this.now + ms, work});
      return this.#next++;
    },
    clear: (handle) => this.#timers.delete(handle),
  };

  async pass(ms) {
    const until = this.now + ms;
    for (;;) {
      await settled();
      const due = [...this.#timers].filter(([, one]) => one.at <= until).sort(([, one], [, other]) => one.at - other.at)[0];
      if (!due) break;
      this.#timers.delete(due[0]);
      this.now = Math.max(this.now, due[1].at);
      due[1].work();
    }
    this.now = until;
    await settled();
  }
}

/** Let everything go on that waits for no timer. */
export async function settled() {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((done) => setImmediate(done));
}

/** A server that does a request once under its key, and of which answers get lost. */
export class Server {
  done = [];
  refusals = new Map();
  answers = [];
  #known = new Map();

  /** `next` says of each request what happens: `ok`, `lost` (it does not arrive), `unanswered` (done, no answer), 202, a status. */
  next = () => this.answers.shift() ?? 'ok';

  request = async (method, path, {body, key} = {}) => {
    const fate = this.next(path);
    await new Promise((done) => setImmediate(done));
    if (fate === 'lost') return {status: 0, body: null};
    if (method === 'GET') return this.#command(path, fate);
    if (typeof fate === 'number' && fate !== 202) return {status: fate, body: {status: fate, code: 'some_problem'}};
    const answer = this.#do(path, body, key, fate);
    return fate === 'unanswered' ? {status: 0, body: null} : answer;
  };

  #do(path, body, key, fate) {
    const text = JSON.stringify([path, body]);
    const known = this.#known.get(key);
    if (known && known.text !== text) return {status: 409, body: {status: 409, code: 'conflict'}};
    if (!known) {
      const problem = this.refusals.get(body.text) ?? null;
      this.#known.set(key, {text, problem});
      if (!problem) this.done.push({path, body, key});
    }
    const {problem} = this.#known.get(key);
    if (fate === 202) return {status: 202, location: `/v1/workspaces/shop/commands/${key}`, body: null};
    return problem ? {status: problem.status, body: problem} : {status: 201, body: {id: `m-${key}`}};
  }

  #command(path, fate) {
    const known = this.#known.get(decodeURIComponent(path.split(/[/=]/).at(-1)));
    if (!known) return {status: 404, body: {status: 404}};
    if (fate === 202) return {status: 200, body: {status: 'pending'}};
    return {status: 200, body: known.problem ? {status: 'refused', problem: known.problem} : {status: 'applied'}};
  }
}

let made = 0;
export const uuid = () => `id-${(made += 1)}`;
export const SARA = {workspace: 'shop', agent: 'sara'};
export const PRIVATE = {surface: 'private', person: 'telegram:main:1'};
export const first = () => ({target: PRIVATE, after: 'm1'});

/** A tab of a browser: drafts and outbox over a storage that it may share with others. */
export async function openTab({clock, server, map = new Map(), locks = pageLocks(null), scope = SARA, others = []}) {
  const storage = memoryStorage(map);
  const tab = {storage, sent: [], returned: [], signedOut: 0, others};
  const tell = (what) => {
    for (const other of others) if (other !== tab && !other.isGone) (void other.drafts.reread(what.drafts), void other.outbox.reread());
  };
  const common = {storage, locks, now: () => clock.now, uuid, timer: clock.timer};
  tab.drafts = new Drafts({...common, scope: `${scope.workspace}/${scope.agent}`, tell});
  const events = {
    sent: (send, body) => tab.sent.push([send.id, body]),
    returned: (send, problem) => tab.returned.push([send.id, problem]),
    signedOut: () => (tab.signedOut += 1),
    tell,
  };
  tab.outbox = new Outbox({...common, scope, drafts: tab.drafts, request: (...call) => server.request(...call), events});
  others.push(tab);
  await tab.drafts.load();
  await tab.outbox.resume();
  return tab;
}

/** The browser is killed: nothing that the tab would do from now on reaches the storage or the server. */
export function kill(tab) {
  tab.isGone = true;
  tab.storage.write = () => new Promise(() => {});
  tab.storage.get = () => new Promise(() => {});
  tab.storage.read = () => new Promise(() => {});
  tab.outbox.stop();
}
