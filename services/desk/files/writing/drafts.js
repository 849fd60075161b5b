// What an agent has written and not sent: one draft for each conversation and kind (`reply`, `note`).
//
// A draft is `{id, conversation, kind, text, files, target, after, started_at, changed_at, refusal?}`. It has its id from
// the first key on; the send that is made of it has the same, so that two tabs that send one draft send it once. `target`
// is fixed with the id. A text is in memory at once, on the device 300 ms after the last key, and when the page goes away.

export const WRITE_MS = 300;
/** Somebody who never stops typing is written at least this often. */
export const WRITE_AT_LEAST_MS = 2000;
export const KEPT_MS = 30 * 24 * 3600 * 1000;

/** The key of a draft in the state of the page, and the end of its key in the storage. */
export const draftKey = (conversation, kind) => `${conversation}|${kind}`;
/** Where everything of an agent begins in the storage. */
export const scopeOf = ({workspace, agent}) => `${workspace}/${agent}`;
export const draftPrefix = (scope) => `draft/${scope}/`;
export const sendPrefix = (scope) => `send/${scope}/`;
export const sentKey = (scope, id) => `sent/${scope}/${id}`;
/** Under this lock a tab reads what is on the device, and writes what follows from it. */
export const storeLock = (scope) => `pasokh-desk-store/${scope}`;
export const isEmpty = (draft) => !draft || (draft.text === '' && draft.files.length === 0);

/** The drafts of one agent on this device. `changed(key)` is called whenever one is another than before. */
export class Drafts {
  #drafts = new Map();
  #timers = new Map();
  #dirty = new Set();
  #writing = new Set();
  /** The ids of drafts on the device, by name, as this tab knows them: another id there is of another tab. */
  #known = new Map();
  #storage;
  #scope;
  #now;
  #uuid;
  #timer;
  #changed;
  #tell;
  #locks;

  /**
   * `timer` is `{set(work, ms), clear(handle)}`; `tell({drafts, sends})` says to the other tabs what they have to read again.
   */
  constructor({storage, scope, locks = pageLocks(), now = () => Date.now(), uuid = () => crypto.randomUUID(), timer = pageTimer, changed = () => {}, tell = () => {}}) {
    [this.#storage, this.#scope, this.#locks, this.#now, this.#uuid] = [storage, scope, locks, now, uuid];
    [this.#timer, this.#changed, this.#tell] = [timer, changed, tell];
  }

  /** Read what is on the device. What is older than 30 days, empty or sent is deleted. */
  async load() {
    const prefix = draftPrefix(this.#scope);
    const outdated = [];
    for (const [key, draft] of await this.#storage.read(prefix)) {
      const name = key.slice(prefix.length);
      const isOver = isEmpty(draft) || this.#now() - draft.changed_at > KEPT_MS || (await this.#isSent(draft.id));
      if (isOver) outdated.push([key, undefined]);
      else if (!this.#drafts.has(name)) this.#putStored(name, draft);
    }
    if (outdated.length) await this.#storage.write(outdated);
  }

  get = (conversation, kind) => this.#drafts.get(draftKey(conversation, kind)) ?? null;
  all = () => [...this.#drafts.values()];
  entries = () => new Map(this.#drafts);

  /**
   * Take down a change of a draft, at the key press. `first` is asked for `{target, after}` when the draft begins.
   * Without text and files there is no draft any more.
   */
  edit(conversation, kind, change, first) {
    const name = draftKey(conversation, kind);
    const now = this.#now();
    const before = this.#drafts.get(name) ?? {id: this.#uuid(), conversation, kind, text: '', files: [], started_at: now, ...first()};
    this.#put(name, {...before, ...change, changed_at: now});
    this.#later(name, now);
    return this.get(conversation, kind);
  }

  /** Put a whole draft in its place: one that comes back. The caller writes it. */
  replace(draft) {
    const name = draftKey(draft.conversation, draft.kind);
    this.#forgetTimer(name);
    this.#put(name, draft);
  }

  /** Take a draft out of the memory alone. The storage keeps it until the caller has stored what becomes of it. */
  take(conversation, kind) {
    const draft = this.get(conversation, kind);
    if (draft) {
      const name = draftKey(conversation, kind);
      this.#forgetTimer(name);
      this.#put(name, null);
    }
    return draft;
  }

  /**
   * The changes by which the storage has of a draft what the memory has, for whoever holds the lock. A draft that another
   * tab has put there meanwhile is set aside, as a send that did not go.
   */
  async changes(conversation, kind) {
    const name = draftKey(conversation, kind);
    const stored = await this.#storage.get(this.#key(name));
    const mine = this.#drafts.get(name);
    const isForeign = !isEmpty(stored) && stored.id !== mine?.id && stored.id !== this.#known.get(name) && !(await this.#isSent(stored.id));
    this.#known.set(name, mine?.id);
    if (!isForeign) return [[this.#key(name), mine]];
    const id = this.#uuid();
    const aside = {id, conversation, kind, at: this.#now(), state: 'returned', refusal: {code: 'other_tab', params: {}}, draft: stored};
    return [[this.#key(name), mine], [`${sendPrefix(this.#scope)}${id}`, aside]];
  }

  /** Delete a draft. */
  async discard(conversation, kind) {
    this.take(conversation, kind);
    await this.#write([draftKey(conversation, kind)]);
  }

  /** Write everything that is not written yet. */
  async flush() {
    const names = [...this.#dirty];
    names.forEach((name) => this.#forgetTimer(name));
    await this.#write(names);
  }

  /** As `flush`, for a page that goes away: done when it returns. */
  flushNow() {
    // What is being written may never get there: the page ends before the storage answers.
    const names = [...new Set([...this.#dirty, ...this.#writing])];
    if (names.length === 0) return;
    // An empty draft is written as such, so that the journal brings no older text back.
    this.#storage.journal(names.map((name) => [this.#key(name), this.#drafts.get(name) ?? {text: '', files: [], changed_at: this.#now()}]));
  }

  /** Another tab has changed these drafts: read them, but for those that are being typed here. */
  async reread(names) {
    for (const name of names) {
      const before = this.#drafts.get(name);
      const draft = await this.#storage.get(this.#key(name));
      const isBusy = this.#dirty.has(name) || this.#writing.has(name) || this.#drafts.get(name) !== before;
      if (!isBusy) this.#putStored(name, draft);
    }
  }

  /** The agent signs out: what they wrote stays here for them, or is erased, sends that wait included. */
  async leave({keep}) {
    await this.flush();
    this.#drafts.clear();
    if (keep) return;
    const found = await Promise.all([draftPrefix, sendPrefix, (scope) => `sent/${scope}/`].map((prefix) => this.#storage.read(prefix(this.#scope))));
    await this.#storage.write(found.flat().map(([key]) => [key, undefined]));
  }

  async #isSent(id) {
    const [sent, sending] = await Promise.all([sentKey(this.#scope, id), `${sendPrefix(this.#scope)}${id}`].map((key) => this.#storage.get(key)));
    return sent !== undefined || sending !== undefined;
  }

  #key = (name) => `${draftPrefix(this.#scope)}${name}`;

  #put(name, draft) {
    if (isEmpty(draft)) this.#drafts.delete(name);
    else this.#drafts.set(name, draft);
    this.#changed(name);
  }

  #putStored(name, draft) {
    this.#known.set(name, draft?.id);
    this.#put(name, draft);
  }

  #later(name, now) {
    const waiting = this.#timers.get(name);
    if (waiting) this.#timer.clear(waiting.handle);
    const since = waiting?.since ?? now;
    this.#dirty.add(name);
    const wait = Math.max(0, Math.min(WRITE_MS, since + WRITE_AT_LEAST_MS - now));
    const handle = this.#timer.set(() => {
      this.#forgetTimer(name);
      void this.#write([name]);
    }, wait);
    this.#timers.set(name, {handle, since});
  }

  #forgetTimer(name) {
    const waiting = this.#timers.get(name);
    if (waiting) this.#timer.clear(waiting.handle);
    this.#timers.delete(name);
    this.#dirty.delete(name);
  }

  async #write(names) {
    if (!names.length) return;
    names.forEach((name) => this.#writing.add(name));
    try {
      await this.#locks.request(storeLock(this.#scope), async () => {
        const changes = [];
        for (const name of names) {
          const draft = this.#drafts.get(name);
          // Another tab has sent it meanwhile. What was typed here since then is a draft of its own.
          if (draft && (await this.#isSent(draft.id))) this.#put(name, {...this.#drafts.get(name), id: this.#uuid()});
          const [conversation, kind] = name.split('|');
          changes.push(...(await this.changes(conversation, kind)));
        }
        await this.#storage.write(changes);
      });
      this.#tell({drafts: names, sends: true});
    } catch {
      // Written again with the next key, and at the latest when the page goes away.
      names.filter((name) => !this.#timers.has(name)).forEach((name) => this.#dirty.add(name));
    } finally {
      names.forEach((name) => this.#writing.delete(name));
    }
  }
}

export const pageTimer = {set: (work, ms) => setTimeout(work, ms), clear: (handle) => clearTimeout(handle)};

/** The Web Locks of the browser; where it has none, each tab does one thing at a time. */
export function pageLocks(locks = globalThis.navigator?.locks) {
  if (locks) return locks;
  const last = new Map();
  return {
    request(name, work) {
      const turn = (last.get(name) ?? Promise.resolve()).catch(() => {}).then(work);
      last.set(name, turn);
      return turn;
    },
  };
}
