// Where drafts and sends are kept on this device: keys with values, in the order of the keys.
//
// A storage is `{get(key), read(prefix), write(changes, {strict}), journal(changes)}`. `write` makes all of its changes
// or none, and has them when its promise is fulfilled: a killed browser keeps them, and with `strict` a machine without
// power as well. `journal` is for a page that goes away: it is done when it returns. A value of undefined deletes.

const STORE = 'kept';
const JOURNAL = 'pasokh-desk-journal';

/** Keeps everything in a map: for tests, and for browsers that keep nothing. */
export function memoryStorage(map = new Map()) {
  const apply = (changes) => {
    for (const [key, value] of changes) {
      if (value === undefined) map.delete(key);
      else map.set(key, structuredClone(value));
    }
  };
  return {
    map,
    isKept: false,
    get: async (key) => structuredClone(map.get(key)),
    read: async (prefix) =>
      [...map.keys()].filter((key) => key.startsWith(prefix)).sort().map((key) => [key, structuredClone(map.get(key))]),
    write: async (changes) => apply(changes),
    journal: apply,
  };
}

/**
 * The storage of a browser: IndexedDB, with a journal in localStorage for the moment in which a page goes away, where
 * nothing waits for a promise. In a browser without either everything is in memory, and `isKept` is false.
 */
export async function openStorage(name, {indexedDB, localStorage} = globalThis) {
  try {
    const storage = new Database(name, indexedDB, localStorage);
    await storage.replay();
    return storage;
  } catch {
    return memoryStorage();
  }
}

class Database {
  #name;
  #factory;
  #local;
  #opened = null;
  #journal = `${JOURNAL}/${crypto.randomUUID()}`;
  #journaled = 0;
  isKept = true;

  constructor(name, factory, local) {
    [this.#name, this.#factory, this.#local] = [name, factory, local];
  }

  get = (key) => this.#run('readonly', (store, done) => (store.get(key).onsuccess = (event) => done(event.target.result)));

  read = (prefix) =>
    this.#run('readonly', (store, done) => {
      const found = [];
      store.openCursor(IDBKeyRange.bound(prefix, `${prefix}\uffff`)).onsuccess = ({target: {result: cursor}}) => {
        if (!cursor) return done(found);
        found.push([cursor.key, cursor.value]);
        cursor.continue();
      };
    });

  async write(changes, {strict = false} = {}) {
    const journaled = this.#journaled;
    await this.#run(
      'readwrite',
      (store, _, transaction) => {
        put(store, changes);
        // Without this the page would have to live until the browser has answered each request.
        transaction.commit?.();
      },
      {durability: strict ? 'strict' : 'relaxed'},
    );
    // The page lives on: what it wrote when it seemed to go away, before this began, is old.
    if (journaled === this.#journaled) this.#local?.removeItem(this.#journal);
  }

  journal(changes) {
    this.#journaled += 1;
    try {
      this.#local.setItem(this.#journal, JSON.stringify(changes.filter(([, value]) => value !== undefined)));
    } catch {
      // Full or forbidden: what was written before stands.
    }
    void this.#run('readwrite', (store, _, transaction) => (put(store, changes), transaction.commit?.())).catch(() => {});
  }

  /** Write what pages left in their journals, where it is newer (`changed_at`) than what is there. */
  async replay() {
    const names = Array.from({length: this.#local?.length ?? 0}, (_, n) => this.#local.key(n)).filter((name) => name.startsWith(`${JOURNAL}/`));
    const left = names.flatMap((name) => parsed(this.#local.getItem(name)));
    await this.#run('readwrite', (store) => {
      for (const [key, value] of left) {
        store.get(key).onsuccess = ({target: {result: found}}) => {
          if (found === undefined || found.changed_at < value.changed_at) store.put(value, key);
        };
      }
    });
    for (const name of names) this.#local.removeItem(name);
  }

  async #run(mode, work, options = {}) {
    const database = await (this.#opened ??= this.#open());
    return new Promise((resolve, reject) => {
      let answer;
      const transaction = database.transaction(STORE, mode, options);
      transaction.oncomplete = () => resolve(answer);
      transaction.onabort = () => reject(transaction.error ?? new Error('the storage gave up'));
      work(transaction.objectStore(STORE), (value) => (answer = value), transaction);
    });
  }

  #open() {
    return new Promise((resolve, reject) => {
      const request = this.#factory.open(this.#name, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE);
      request.onerror = () => reject(request.error);
      request.onsuccess = () => {
        const forget = () => (this.#opened = null);
        request.result.onclose = forget;
        request.result.onversionchange = () => (request.result.close(), forget());
        resolve(request.result);
      };
    });
  }
}

function put(store, changes) {
  for (const [key, value] of changes) {
    if (value === undefined) store.delete(key);
    else store.put(value, key);
  }
}

function parsed(text) {
  try {
    return JSON.parse(text) ?? [];
  } catch {
    return [];
  }
}
