// What the browser remembers: for all tabs of the site (session, unsent messages, what was read), and for this tab.

export class Memory {
  constructor(shelf) {
    this.shelf = shelf;
    // What could not be written: private mode, or a full disk. Then this page alone remembers.
    this.unwritten = new Map();
  }

  keep(name, value) {
    try {
      localStorage.setItem(this.shelf + name, JSON.stringify(value));
      this.unwritten.delete(name);
    } catch (error) {
      this.unwritten.set(name, value);
    }
  }

  kept(name) {
    if (this.unwritten.has(name)) return this.unwritten.get(name);
    try {
      const text = localStorage.getItem(this.shelf + name);
      return text === null ? undefined : JSON.parse(text);
    } catch (error) {
      return undefined;
    }
  }

  forget(name) {
    this.unwritten.delete(name);
    try {
      localStorage.removeItem(this.shelf + name);
    } catch (error) { /* nothing was kept then */ }
  }

  names(prefix) {
    let written = [];
    try {
      written = Object.keys(localStorage).filter((one) => one.startsWith(this.shelf)).map((one) => one.slice(this.shelf.length));
    } catch (error) { /* nothing was kept then */ }
    return Array.from(new Set([...this.unwritten.keys(), ...written])).filter((one) => one.startsWith(prefix));
  }

  // Of this tab alone, over a change of page: the draft, and whether the chat is open.
  note(name, value) {
    try {
      if (value) sessionStorage.setItem(this.shelf + name, value);
      else sessionStorage.removeItem(this.shelf + name);
    } catch (error) { /* it is not remembered then */ }
  }

  noted(name) {
    try {
      return sessionStorage.getItem(this.shelf + name) || "";
    } catch (error) {
      return "";
    }
  }

  // Tells of what another tab has changed.
  watch(heard) {
    addEventListener("storage", (event) => {
      if (event.key === null) heard(null);
      else if (event.key.startsWith(this.shelf)) heard(event.key.slice(this.shelf.length));
    });
  }

  // Does this in one tab at a time, whatever the others do.
  exclusively(name, work) {
    if (navigator.locks) return navigator.locks.request(this.shelf + name, work);
    return this.leased(`lease/${name}`, work);
  }

  // Browsers without locks: a lease that ends by itself when its tab does.
  async leased(name, work) {
    const mine = uuid();
    for (;;) {
      const held = this.kept(name);
      if (!held || held.until < Date.now() || held.until > Date.now() + 2 * LEASE) {
        this.keep(name, { owner: mine, until: Date.now() + LEASE });
        // Two tabs may have written at once: the last word is there after a moment.
        await wait(SETTLING + Math.random() * SETTLING);
        if ((this.kept(name) || {}).owner === mine) break;
      }
      await wait(LOOK);
    }
    const renewing = setInterval(() => this.keep(name, { owner: mine, until: Date.now() + LEASE }), LEASE / 4);
    try {
      return await work();
    } finally {
      clearInterval(renewing);
      if ((this.kept(name) || {}).owner === mine) this.forget(name);
    }
  }
}

const LEASE = 4000;
const SETTLING = 60;
const LOOK = 100;

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
