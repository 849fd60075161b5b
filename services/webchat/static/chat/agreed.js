// What all tabs agree on. Browsers bring what one tab wrote into `localStorage` to the others a moment late, so that two
// could each believe to be the first; a transaction of IndexedDB is seen by everybody once it is done.

const NAME = "pasokh-chat";
const PATIENCE = 1500;

function database() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("agreed");
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
    asked.onblocked = () => reject(new Error("blocked"));
  });
}

async function within(mode, work) {
  const opened = await database();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = opened.transaction("agreed", mode);
      const asked = work(transaction.objectStore("agreed"));
      transaction.oncomplete = () => resolve(asked.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    opened.close();
  }
}

// Where there is no such store, or it does not answer, nothing is agreed.
function patiently(work) {
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE));
  return Promise.race([work().catch(() => undefined), late]);
}

export function agreed(name) {
  return patiently(async () => within("readonly", (store) => store.get(name)));
}

export function agree(name, value) {
  return patiently(async () => within("readwrite", (store) => (value === null ? store.delete(name) : store.put(value, name))));
}
