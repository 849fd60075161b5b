// Storage in the browser: for all tabs of the site (session, unsent messages, time of the last message read), and for this tab.

export class Memory {
  constructor(prefix) {
    this.prefix = prefix;
    // What could not be written: private mode, or a full disk. Then this page alone remembers.
    this.unwritten = new Map();
  }

  write(name, value) {
    try {
      localStorage.setItem(this.prefix + name, JSON.stringify(value));
      this.unwritten.delete(name);
    } catch (error) {
      this.unwritten.set(name, value);
    }
  }

  read(name) {
    if (this.unwritten.has(name)) return this.unwritten.get(name);
    try {
      const text = localStorage.getItem(this.prefix + name);
      return text === null ? undefined : JSON.parse(text);
    } catch (error) {
      return undefined;
    }
  }

  remove(name) {
    this.unwritten.delete(name);
    try {
      localStorage.removeItem(this.prefix + name);
    } catch (error) { /* nothing was kept then */ }
  }

  names(prefix) {
    let written = [];
    try {
      written = Object.keys(localStorage).filter((one) => one.startsWith(this.prefix)).map((one) => one.slice(this.prefix.length));
    } catch (error) { /* nothing was kept then */ }
    return Array.from(new Set([...this.unwritten.keys(), ...written])).filter((one) => one.startsWith(prefix));
  }

  // Of this tab alone, over a change of page: the draft, and whether the chat is open.
  writeForTab(name, value) {
    try {
      if (value) sessionStorage.setItem(this.prefix + name, value);
      else sessionStorage.removeItem(this.prefix + name);
    } catch (error) { /* it is not remembered then */ }
  }

  readForTab(name) {
    try {
      return sessionStorage.getItem(this.prefix + name) || "";
    } catch (error) {
      return "";
    }
  }

  // Calls `onChange` with the name that another tab has written; null: all names.
  watch(onChange) {
    addEventListener("storage", (event) => {
      if (event.key === null) onChange(null);
      else if (event.key.startsWith(this.prefix)) onChange(event.key.slice(this.prefix.length));
    });
  }

  // Runs `work` in one tab at a time.
  exclusively(name, work) {
    if (navigator.locks) return navigator.locks.request(this.prefix + name, work);
    return this.leased(`lease/${name}`, work);
  }

  // Browsers without locks: a lease that ends by itself when its tab does.
  async leased(name, work) {
    const mine = uuid();
    for (;;) {
      const held = this.read(name);
      if (!held || held.until < Date.now() || held.until > Date.now() + 2 * LEASE_MS) {
        this.write(name, { owner: mine, until: Date.now() + LEASE_MS });
        // Two tabs may have written at the same moment: after a while both read the value of the last write.
        await wait(SETTLING_MS + Math.random() * SETTLING_MS);
        if ((this.read(name) || {}).owner === mine) break;
      }
      await wait(LEASE_POLL_MS);
    }
    const renewing = setInterval(() => this.write(name, { owner: mine, until: Date.now() + LEASE_MS }), LEASE_MS / 4);
    try {
      return await work();
    } finally {
      clearInterval(renewing);
      if ((this.read(name) || {}).owner === mine) this.remove(name);
    }
  }
}

const LEASE_MS = 4000;
const SETTLING_MS = 60;
const LEASE_POLL_MS = 100;

function wait(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

// Browsers make UUIDs on https pages only.
export function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
