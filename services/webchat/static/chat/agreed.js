// Values shared by all tabs of a browser. A write to `localStorage` reaches other tabs a moment late, so that two tabs could each
// believe to be the first; a transaction of IndexedDB is seen by all tabs once it is done.

const NAME = "pasokh-chat";
const TIMEOUT_MS = 1500;

function database() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore("agreed");
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("blocked"));
  });
}

async function within(mode, work) {
  const opened = await database();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = opened.transaction("agreed", mode);
      const request = work(transaction.objectStore("agreed"));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    opened.close();
  }
}

// Undefined where the browser has no IndexedDB (private mode), or it does not answer in time.
function withTimeout(work) {
  const late = new Promise((resolve) => setTimeout(resolve, TIMEOUT_MS));
  return Promise.race([work().catch(() => undefined), late]);
}

export function readShared(name) {
  return withTimeout(async () => within("readonly", (store) => store.get(name)));
}

export function writeShared(name, value) {
  return withTimeout(async () => within("readwrite", (store) => (value === null ? store.delete(name) : store.put(value, name))));
}
