// Loads a part of the page when something needs it: once, and for as long as it takes.

const AGAIN_MS = 5000;

/** A function that does `load` at its first call, anew where that fails; each call has the promise of what it brought. */
export function later(load) {
  let loading = null;
  async function untilLoaded() {
    for (;;) {
      try {
        return await load();
      } catch (error) {
        console.error(error);
        await new Promise((done) => setTimeout(done, AGAIN_MS));
      }
    }
  }
  return () => (loading ??= untilLoaded());
}

/** Add a style sheet. One that comes `first` gives way to all others, in whatever order they are loaded. */
export function addStyle(href, {first = false} = {}) {
  const link = Object.assign(document.createElement('link'), {rel: 'stylesheet', href});
  if (first) document.head.prepend(link);
  else document.head.append(link);
  return new Promise((done) => {
    link.onload = link.onerror = done;
  });
}

// When the part of the page is loaded in which agents write: with the first conversation that is opened; before that for what
// is still on this device (a send that waits, a draft), for what another tab writes, and for a key that may be a command.

const DATABASE = 'pasokh-desk';
const JOURNAL = 'pasokh-desk-journal';
const CHANNEL = 'pasokh-desk-writing';
const WRITTEN_IN = 'input, textarea, select, dialog';

/** How many drafts and sends of an agent a database has. */
function countIn(indexedDB, scope) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE);
    request.onerror = () => reject(request.error);
    // It was deleted meanwhile: nothing is made by asking.
    request.onupgradeneeded = () => request.transaction.abort();
    request.onsuccess = () => {
      const database = request.result;
      const transaction = database.transaction('kept', 'readonly');
      const counts = ['draft', 'send'].map((kind) => transaction.objectStore('kept').count(IDBKeyRange.bound(`${kind}/${scope}/`, `${kind}/${scope}/\uffff`)));
      transaction.oncomplete = () => (database.close(), resolve(counts.reduce((sum, {result}) => sum + result, 0)));
      transaction.onabort = () => (database.close(), reject(transaction.error));
    };
  });
}

/** Whether this device has drafts or sends of an agent. Where it cannot be known, it may. */
export async function hasKept({workspace, agent}, browser = globalThis) {
  try {
    const {indexedDB, localStorage} = browser;
    if (Object.keys(localStorage).some((name) => name.startsWith(JOURNAL))) return true;
    if (!(await indexedDB.databases()).some(({name}) => name === DATABASE)) return false;
    return (await countIn(indexedDB, `${workspace}/${agent}`)) > 0;
  } catch {
    return true;
  }
}

/** Whether a key may be a command: a letter or a sign outside of fields, or one of the menu with Ctrl. */
export function mayBeCommand(event) {
  if (event.key?.length !== 1 || event.altKey || event.isComposing || event.defaultPrevented) return false;
  if (event.ctrlKey !== event.metaKey) return event.code === 'KeyK' || event.code === 'Semicolon' || event.key.toLowerCase() === 'k' || event.key === ';';
  return !event.ctrlKey && event.key !== ' ' && !event.target.closest?.(WRITTEN_IN);
}

/** Call `wake` for another tab that writes, and for a key, which is pressed again when that is done. */
export function watch(wake) {
  const channel = globalThis.BroadcastChannel ? new BroadcastChannel(CHANNEL) : null;
  const onKey = (event) => {
    if (!mayBeCommand(event)) return;
    const {target} = event;
    if (event.ctrlKey || event.metaKey || event.key === '/') event.preventDefault();
    const pressed = new KeyboardEvent('keydown', event);
    void wake().then(() => (target.isConnected ? target : document.body).dispatchEvent(pressed));
  };
  if (channel) channel.onmessage = () => void wake();
  addEventListener('keydown', onKey);
  /** What was waited for is there. */
  return () => {
    channel?.close();
    removeEventListener('keydown', onKey);
  };
}
