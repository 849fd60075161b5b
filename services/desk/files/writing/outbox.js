// What is on its way to the server: nothing is sent twice, and nothing is lost.
//
// A send is `{id, conversation, kind, path, body, at, tries, tried_at, state, command?, refusal?, draft}`. It is stored with
// its body before the first request; its `id` is the Idempotency-Key of every request, so that the server does it once. It
// goes under a Web Lock of its conversation: one tab sends, in the order of the presses of Send. Its `state` is
//
// - `waiting`: to be sent, or sent without an answer; it is sent again, with growing pauses;
// - `accepted`: the server has taken it and does it later; its command is asked;
// - `returned`: it did not go, and there is another draft in its place; the agent says what becomes of it.
//
// A send that is refused, or that is older than ten minutes, comes back as a draft. One that may have arrived is asked first.

import {draftKey, draftPrefix, isEmpty, pageLocks, pageTimer, scopeOf, sendPrefix, sentKey, storeLock} from './drafts.js';

/** A send that is older does not go by itself. */
export const OLDEST_MS = 10 * 60 * 1000;
export const PAUSES_MS = [1000, 2000, 4000, 8000, 15000];
/** How long it is remembered that a draft was sent, for tabs that still show it. */
export const REMEMBERED_MS = 3 * 24 * 3600 * 1000;
/** Answers after which the same request is right: nothing was done, or it is not known. */
const AGAIN = new Set([0, 408, 425, 429, 500, 502, 503, 504]);

export class Outbox {
  #sends = new Map();
  #running = new Map();
  #timers = new Map();
  #scope;
  #agent;
  #storage;
  #drafts;
  #request;
  #locks;
  #now;
  #uuid;
  #timer;
  #events;

  /**
   * `request(method, path, {body, key})` is `{status, body, location?, retryAfter?}`, with status 0 where there is no
   * connection, and 401 for a session that has ended. `locks.request(name, work)` is that of Web Locks. `events` are
   * `changed()`, `sent(send, body)`, `returned(send, problem)`, `signedOut()` and `tell(what)` for the other tabs.
   */
  constructor({scope, storage, drafts, request, locks = pageLocks(), now = () => Date.now(), uuid = () => crypto.randomUUID(), timer = pageTimer, events = {}}) {
    [this.#scope, this.#agent, this.#storage, this.#drafts, this.#request] = [scopeOf(scope), scope.agent, storage, drafts, request];
    [this.#locks, this.#now, this.#uuid, this.#timer] = [locks, now, uuid, timer];
    this.#events = {changed() {}, sent() {}, returned() {}, signedOut() {}, tell() {}, ...events};
  }

  all = () => [...this.#sends.values()].sort((one, other) => one.at - other.at);

  /** Read the sends of this device again, and go on with them: at the start, after a sign-in, with the connection. */
  async resume() {
    await this.#read();
    await this.#forgetOld();
    for (const conversation of new Set(this.all().map((send) => send.conversation))) this.#start(conversation);
  }

  /** Another tab has changed a send. */
  reread = () => this.#read();

  /**
   * Send a draft: it leaves the drafts at once, and is on the device, with its body, before the first request. `after` is
   * the newest message that the agent sees. False where there is no such draft any more: it is sent already.
   */
  async send(conversation, kind, {after = null, confirm = false} = {}) {
    const draft = this.#drafts.take(conversation, kind);
    if (!draft) return false;
    const send = this.#sendOf(draft, {after, confirm});
    try {
      return await this.#locks.request(storeLock(this.#scope), () => this.#store(send));
    } catch (error) {
      this.#giveBackInMemory(draft);
      throw error;
    }
  }

  /** Send what a message said once more, as a message of its own: for one that is known to have failed. */
  async sendAgain(draft, {after = null} = {}) {
    const send = this.#sendOf({...draft, id: this.#uuid()}, {after});
    await this.#locks.request(storeLock(this.#scope), () => this.#store(send, {isOfDraft: false}));
  }

  /** What is to become of a send that came back while there was another draft: before that draft's text, or away. */
  async putBack(id) {
    const send = this.#sends.get(id);
    if (send?.state !== 'returned') return;
    const {conversation, kind} = send;
    const begun = this.#drafts.get(conversation, kind);
    const text = [send.draft.text, begun?.text].filter(Boolean).join("\n");
    const files = [...send.draft.files, ...(begun?.files ?? [])];
    this.#drafts.replace({...(begun ?? send.draft), id: this.#uuid(), text, files, refusal: send.refusal, changed_at: this.#now()});
    await this.#locks.request(storeLock(this.#scope), async () => {
      const changes = await this.#drafts.changes(conversation, kind);
      await this.#write([[this.#key(id), undefined], ...changes], conversation, kind);
    });
  }

  async discard(id) {
    const send = this.#sends.get(id);
    if (send?.state === 'returned') await this.#write([[this.#key(id), undefined]]);
  }

  /** No further request is begun: the agent signs out. */
  stop() {
    this.#timers.forEach((handle) => this.#timer.clear(handle));
    this.#timers.clear();
    this.#sends.clear();
    this.#agent = null;
  }

  // -- storing -----------------------------------------------------------------------------------------------------------

  #key = (id) => `${sendPrefix(this.#scope)}${id}`;

  #sendOf(draft, {after, confirm}) {
    const {id, conversation, kind, target} = draft;
    const files = draft.files.length ? {attachments: draft.files.map((file) => file.id)} : {};
    const text = draft.text === '' ? {} : {text: draft.text};
    // The agent is named, so that nothing of Sara's goes out as Reza, who signed in meanwhile.
    const body = {agent: this.#agent, ...text, ...files};
    if (kind === 'reply') Object.assign(body, {surface: target.surface}, after && {after}, confirm && {confirm});
    const mentions = kind === 'note' && draft.mentions?.filter((one) => draft.text.includes(`@${one.name}`)).map((one) => one.id);
    if (mentions?.length) body.mentions = mentions;
    const path = `/conversations/${encodeURIComponent(conversation)}/${kind === 'note' ? 'notes' : 'replies'}`;
    return {id, conversation, kind, path, body, at: this.#now(), tries: 0, tried_at: null, state: 'waiting', draft};
  }

  async #store(send, {isOfDraft = true} = {}) {
    const {id, conversation, kind} = send;
    const [sent, sending] = await Promise.all([sentKey(this.#scope, id), this.#key(id)].map((key) => this.#storage.get(key)));
    if (sent !== undefined || sending !== undefined) return false;
    const changes = [[this.#key(id), send]];
    // The draft in the storage is the one that is sent now, or what was begun in its place meanwhile.
    if (isOfDraft) changes.push(...(await this.#drafts.changes(conversation, kind)));
    await this.#write(changes, conversation, kind, {strict: true});
    this.#start(conversation);
    return true;
  }

  #giveBackInMemory(draft) {
    const {conversation, kind} = draft;
    const begun = this.#drafts.get(conversation, kind);
    const joined = begun ? {text: `${draft.text}\n${begun.text}`, files: [...draft.files, ...begun.files]} : {};
    this.#drafts.replace({...draft, ...joined});
    this.#drafts.edit(conversation, kind, {});
  }

  async #write(changes, conversation, kind, options) {
    await this.#storage.write(changes, options);
    for (const [key, value] of changes) {
      if (!key.startsWith(sendPrefix(this.#scope))) continue;
      const id = key.slice(sendPrefix(this.#scope).length);
      if (value === undefined) this.#sends.delete(id);
      else this.#sends.set(id, value);
    }
    this.#events.changed();
    this.#events.tell({drafts: conversation ? [draftKey(conversation, kind)] : [], sends: true});
  }

  async #read() {
    const found = await this.#storage.read(sendPrefix(this.#scope));
    this.#sends = new Map(found.map(([, send]) => [send.id, send]));
    this.#events.changed();
  }

  async #forgetOld() {
    const marks = await this.#storage.read(`sent/${this.#scope}/`);
    const old = marks.filter(([, mark]) => this.#now() - mark.at > REMEMBERED_MS).map(([key]) => [key, undefined]);
    if (old.length) await this.#storage.write(old);
  }

  // -- sending -----------------------------------------------------------------------------------------------------------

  #start(conversation) {
    if (this.#agent === null) return;
    if (this.#running.has(conversation)) {
      this.#running.set(conversation, 'again');
      return;
    }
    this.#running.set(conversation, 'once');
    this.#clearTimer(conversation);
    void this.#locks
      .request(`pasokh-desk-send/${this.#scope}/${conversation}`, () => this.#runAll(conversation))
      .catch(() => PAUSES_MS[0])
      .then((pause) => {
        const isAskedAgain = this.#running.get(conversation) === 'again';
        this.#running.delete(conversation);
        if (isAskedAgain) this.#start(conversation);
        else if (pause !== null) this.#wait(conversation, pause);
      });
  }

  /** Send one after the other; the pause until the next try, or null where nothing is left to do. */
  async #runAll(conversation) {
    for (;;) {
      await this.#read();
      const next = this.all().find((send) => send.conversation === conversation && send.state !== 'returned');
      if (!next || this.#agent === null) return null;
      const pause = await this.#try(next);
      if (pause !== 'next') return pause;
    }
  }

  async #try(send) {
    if (send.state === 'accepted') return this.#ask(send, send.command);
    if (this.#now() - send.at > OLDEST_MS) return send.tries === 0 ? this.#giveBack(send, {code: 'too_old'}) : this.#askByKey(send);
    // Before the request: whoever finds the send after a crash knows that it may have arrived.
    const tried = {...send, tries: send.tries + 1, tried_at: this.#now()};
    await this.#write([[this.#key(send.id), tried]]);
    const answer = await this.#request('POST', send.path, {body: send.body, key: send.id});
    return this.#hear(tried, answer);
  }

  async #hear(send, answer) {
    if (answer.status === 200 || answer.status === 201) return this.#finish(send, answer.body);
    if (answer.status === 202) {
      const accepted = {...send, state: 'accepted', command: answer.location.split('/').at(-1), asked: 0};
      await this.#write([[this.#key(send.id), accepted]]);
      return PAUSES_MS[0];
    }
    if (answer.status === 401 || answer.body?.code === 'another_agent') {
      this.#events.signedOut();
      return null;
    }
    if (AGAIN.has(answer.status)) return (answer.retryAfter ?? 0) * 1000 || pauseAfter(send.tries);
    return this.#giveBack(send, answer.body ?? {status: answer.status});
  }

  async #ask(send, command) {
    const answer = await this.#request('GET', `/commands/${command}`, {});
    if (answer.status === 401) return null;
    if (answer.status === 404) {
      // The server knows nothing of it: the same request once more, under the same key.
      await this.#write([[this.#key(send.id), {...send, state: 'waiting', command: undefined}]]);
      return 'next';
    }
    return this.#hearOf(send, answer);
  }

  /** An old send had no answer: ask whether it arrived, without sending it. */
  async #askByKey(send) {
    const answer = await this.#request('GET', `/commands?idempotency_key=${encodeURIComponent(send.id)}`, {});
    if (answer.status === 401) return null;
    if (answer.status === 404) return this.#giveBack(send, {code: 'too_old'});
    return this.#hearOf(send, answer);
  }

  async #hearOf(send, answer) {
    const asked = {...send, asked: (send.asked ?? 0) + 1};
    this.#sends.set(send.id, asked);
    if (answer.status !== 200 || answer.body.status === 'pending') {
      await this.#write([[this.#key(send.id), asked]]);
      return pauseAfter(asked.asked);
    }
    if (answer.body.status === 'applied') return this.#finish(send, null);
    return this.#giveBack(send, answer.body.problem);
  }

  async #finish(send, body) {
    await this.#write([[this.#key(send.id), undefined], [sentKey(this.#scope, send.id), {at: this.#now()}]]);
    this.#events.sent(send, body);
    return 'next';
  }

  /** The text comes back, as a draft with an id of its own: the server remembers what it said to the old one. */
  async #giveBack(send, problem) {
    const {conversation, kind} = send;
    const refusal = {code: problem.code ?? '', reason: problem.reason ?? null, params: problem.params ?? {}, detail: problem.detail ?? null, status: problem.status ?? null};
    await this.#locks.request(storeLock(this.#scope), async () => {
      const stored = await this.#storage.get(`${draftPrefix(this.#scope)}${draftKey(conversation, kind)}`);
      if (isEmpty(stored) && !this.#drafts.get(conversation, kind)) {
        this.#drafts.replace({...send.draft, id: this.#uuid(), refusal, changed_at: this.#now()});
        const changes = await this.#drafts.changes(conversation, kind);
        await this.#write([[this.#key(send.id), undefined], ...changes], conversation, kind, {strict: true});
      } else {
        await this.#write([[this.#key(send.id), {...send, state: 'returned', refusal}]]);
      }
    });
    this.#events.returned(send, refusal);
    return 'next';
  }

  #wait(conversation, pause) {
    this.#clearTimer(conversation);
    this.#timers.set(conversation, this.#timer.set(() => this.#start(conversation), pause));
  }

  #clearTimer(conversation) {
    if (this.#timers.has(conversation)) this.#timer.clear(this.#timers.get(conversation));
    this.#timers.delete(conversation);
  }
}

export const pauseAfter = (tries) => PAUSES_MS[Math.min(Math.max(tries, 1), PAUSES_MS.length) - 1];
