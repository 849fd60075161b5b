// Calls to the server: one session for all tabs, a stream that is resumed, and messages that are sent once.

import { readShared, writeShared } from "./agreed.js";

const SILENCE_MS = 45000;
const TIMEOUT_SECONDS = 30;
const FILE_SECONDS = 300;

export class Late extends Error {
  constructor(after, status) {
    super("late");
    this.after = after;
    this.status = status;
  }
}
export class Refused extends Error {
  constructor(status) {
    super(String(status));
    this.status = status;
  }
}

function posted(body, headers) {
  return { method: "POST", body: JSON.stringify(body), headers: Object.assign({ "Content-Type": "application/json" }, headers) };
}

// A field that is not there stays away: a message has a text, files, or both.
function bodyOf(message) {
  const files = (message.files || []).map((file) => file.id);
  return Object.assign({ id: message.id }, message.text ? { text: message.text } : {}, files.length ? { attachments: files } : {});
}

export class Server {
  // `base`: the account's address; `who`: what a session is opened with; `handoff`: the token of a link, or null.
  constructor(base, memory, who, handoff) {
    this.base = base;
    this.memory = memory;
    this.who = who;
    this.handoff = handoff;
    this.opening = null;
    this.position = null;
    this.sleepers = new Set();
    this.onLinkUsed = () => {};
  }

  get session() {
    return this.memory.read("session") || null;
  }

  // `seconds`: how long the answer may take; a file takes longer than a message.
  async request(path, options, seconds = TIMEOUT_SECONDS) {
    const always = { cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer" };
    const limit = new AbortController();
    const alarm = setTimeout(() => limit.abort(), seconds * 1000);
    let answer;
    try {
      answer = await fetch(this.base + path, Object.assign({ signal: limit.signal }, always, options));
    } catch (error) {
      throw new Late(0, 0);
    } finally {
      clearTimeout(alarm);
    }
    if (answer.ok) return answer;
    if (answer.status === 408 || answer.status === 429 || answer.status >= 500) {
      throw new Late(Number(answer.headers.get("Retry-After")) || 1, answer.status);
    }
    throw new Refused(answer.status);
  }

  async newSession(handoff) {
    const body = Object.assign({}, this.who, handoff ? { handoff } : {});
    const made = await (await this.request("/sessions", posted(body))).json();
    this.memory.write("seen", "");
    const session = { token: made.token, handoff: handoff || null };
    this.memory.write("session", session);
    await writeShared(`${this.memory.prefix}session`, session);
    this.position = null;
  }

  // Another tab may have opened the session while this one waited for its turn.
  async openSession() {
    const handoff = this.handoff;
    const others = await readShared(`${this.memory.prefix}session`);
    if (!this.session && others) {
      if (this.memory.read("seen") === undefined) this.memory.write("seen", "");
      this.memory.write("session", others);
    }
    if (this.session && (!handoff || this.session.handoff === handoff)) {
      this.forgetLink();
      return;
    }
    try {
      await this.newSession(handoff);
    } catch (error) {
      if (!(handoff && error.status === 401)) throw error;
      await this.newSession(null);
    }
    this.forgetLink();
  }

  forgetLink() {
    if (!this.handoff) return;
    this.handoff = null;
    this.onLinkUsed();
  }

  ensureSession() {
    if (this.session && !this.handoff) return Promise.resolve();
    if (!this.opening) {
      const done = () => { this.opening = null; };
      this.opening = this.memory.exclusively("session", () => this.openSession());
      this.opening.then(done, done);
    }
    return this.opening;
  }

  async authorised(path, options, seconds) {
    await this.ensureSession();
    const token = (this.session || {}).token;
    const headers = Object.assign({}, (options || {}).headers, { Authorization: `Bearer ${token}` });
    try {
      return await this.request(path, Object.assign({}, options, { headers }), seconds);
    } catch (error) {
      if (error.status !== 401) throw error;
      // The token has ended. Another tab may have a new one already, which stays.
      if ((this.session || {}).token === token) this.memory.remove("session");
      if (((await readShared(`${this.memory.prefix}session`)) || {}).token === token) await writeShared(`${this.memory.prefix}session`, null);
      this.position = null;
      throw new Late(1, 401);
    }
  }

  async status() {
    return (await this.request("/status")).json();
  }

  async sendContact(email) {
    await this.authorised("/contact", posted({ email, consent: true }));
  }

  async send(message) {
    return (await this.authorised("/messages", posted(bodyOf(message)))).json();
  }

  // Uploads a file; what the server knows of it. A message names it by its `id`.
  async upload(file) {
    const name = `attachment; filename*=UTF-8''${encodeURIComponent(file.name)}`;
    const headers = { "Content-Type": "application/octet-stream", "Content-Disposition": name };
    return (await this.authorised("/attachments", { method: "POST", body: file, headers }, FILE_SECONDS)).json();
  }

  // The bytes of a file of the conversation, with the type that the server found in them.
  async readFile(message, number) {
    return (await this.authorised(`/messages/${encodeURIComponent(message)}/attachments/${number}`, {}, FILE_SECONDS)).blob();
  }

  // Every message of the conversation, oldest first.
  async readAll(onMessage) {
    let cursor = "";
    do {
      const page = await (await this.authorised(`/messages?limit=200${cursor && `&cursor=${encodeURIComponent(cursor)}`}`)).json();
      page.items.forEach(onMessage);
      cursor = page.next;
    } while (cursor);
  }

  // Reads the stream until it ends. `onAlive` is called for every piece that arrives, `onMessage` for every message.
  async readStream(onMessage, onAlive) {
    const stop = new AbortController();
    let alarm = 0;
    const listen = () => {
      clearTimeout(alarm);
      alarm = setTimeout(() => stop.abort(), SILENCE_MS);
    };
    try {
      listen();
      await this.ensureSession();
      let isNew = !this.position;
      const token = this.session.token;
      const headers = this.position ? { "Last-Event-ID": this.position } : {};
      const reader = (await this.authorised("/stream", { headers, signal: stop.signal })).body.getReader();
      const decoder = new TextDecoder();
      let text = "";
      for (;;) {
        const piece = await reader.read();
        // Another tab replaced the session: its stream is read instead.
        if (piece.done || (this.session || {}).token !== token) return;
        listen();
        text += decoder.decode(piece.value, { stream: true });
        const blocks = text.split("\n\n");
        text = blocks.pop();
        for (const block of blocks) this.parseEvent(block, onMessage);
        onAlive();
        // Without a position the stream begins now. Earlier messages are read after it began, so that none is lost in between.
        if (isNew) await this.readAll(onMessage);
        isNew = false;
      }
    } finally {
      clearTimeout(alarm);
      stop.abort();
    }
  }

  parseEvent(block, onMessage) {
    let data = "";
    for (const line of block.split("\n")) {
      if (line.startsWith("id: ")) this.position = line.slice(4);
      if (line.startsWith("data: ")) data += line.slice(6);
    }
    if (data) onMessage(JSON.parse(data));
  }

  pause(seconds) {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.sleepers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, seconds * 1000);
      this.sleepers.add(wake);
    });
  }

  wake() {
    this.sleepers.forEach((wake) => wake());
  }
}
