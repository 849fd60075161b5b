// The lines of the conversation: by the time of arrival, a heading for each day, and what is not sent yet at the end.

import { h } from "./elements.js";
import { languageIn, named, nodesOf } from "./text.js";

function waitingFiles(message, words) {
  return (message.files || []).map((file) => h("span", { class: "file" }, h("bdi", {}, named(file.name, words.file))));
}

export class Lines {
  // `filesOf` makes the elements of a stored message's files.
  constructor(words, times, language, hello, retry, filesOf) {
    this.filesOf = filesOf;
    this.words = words;
    this.times = times;
    this.language = language;
    this.retry = retry;
    this.lines = new Map();
    this.list = h("ol", { class: "lines" }, h("li", { class: "hello", dir: "auto" }, hello));
    this.log = h("div", { class: "log", role: "log", "aria-live": "off", "aria-label": words.log, tabindex: "0" }, this.list);
    this.drawing = false;
  }

  // Adds a stored message. Returns whether it was not there yet.
  addStored(message) {
    const isMine = message.direction === "inbound";
    const key = isMine ? message.platform_id : message.id;
    const known = this.lines.get(key);
    if (known && known.isStored) return false;
    const at = Date.parse(message.received_at);
    const hidden = message.masked.length > 0;
    const element = this.bubble({ isMine, text: message.text || "", at, who: message.author, hidden, files: this.filesOf(message) });
    this.put(key, { at, since: at, day: at, isStored: true, element });
    return true;
  }

  addUnsent(message) {
    const known = this.lines.get(message.id);
    if (known && known.isStored) return;
    const element = this.bubble({ isMine: true, text: message.text, at: message.at, waiting: message, files: waitingFiles(message, this.words) });
    this.put(message.id, { at: Infinity, since: message.at, day: message.at, isStored: false, element });
  }

  // What another tab has sent meanwhile comes by the stream as stored.
  put(key, line) {
    const known = this.lines.get(key);
    if (known) known.element.remove();
    this.lines.set(key, line);
    const isAtEnd = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 80;
    const later = (other) => other !== line && (other.at > line.at || (other.at === line.at && other.since > line.since));
    const after = this.ordered().find(later);
    this.list.insertBefore(line.element, after ? after.element : null);
    this.headings();
    if (isAtEnd) this.toEnd();
  }

  ordered() {
    return Array.from(this.lines.values()).sort((a, b) => (a.at === b.at ? a.since - b.since : a.at - b.at));
  }

  toEnd() {
    this.log.scrollTop = this.log.scrollHeight;
  }

  // Headings of days, drawn once for many lines that come together.
  headings() {
    if (this.drawing) return;
    this.drawing = true;
    Promise.resolve().then(() => {
      this.drawing = false;
      const isAtEnd = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 80;
      this.list.querySelectorAll(".day").forEach((one) => one.remove());
      const now = Date.now();
      let last = "";
      for (const line of this.ordered()) {
        const day = this.times.day(line.day, now);
        if (day !== last) this.list.insertBefore(h("li", { class: "day" }, day), line.element);
        last = day;
      }
      if (isAtEnd) this.toEnd();
    });
  }

  bubble({ isMine, text, at, who, hidden, waiting, files }) {
    const words = this.words;
    const name = isMine ? words.you : named(who.name, words.agent);
    const time = h("time", { datetime: new Date(at).toISOString(), title: this.times.whole.format(at) }, this.times.clock.format(at));
    const refused = Boolean(waiting && waiting.refused);
    const state = !waiting ? time : refused ? h("span", { class: "unsent" }, words.failed) : h("span", {}, words.sending);
    const retry = refused ? h("button", { type: "button", click: () => this.retry(waiting) }, words.again) : null;
    return h("li", { class: `message${isMine ? " mine" : ""}${waiting ? " waiting" : ""}` },
      h("span", { class: "heard" }, h("bdi", {}, name), ": "),
      text ? h("p", { class: "bubble", dir: "auto", lang: languageIn(text, this.language) }, ...nodesOf(text)) : null,
      files.length ? h("div", { class: "attached" }, ...files) : null,
      h("div", { class: "meta" }, isMine ? null : h("bdi", { class: "who" }, name), state, retry, hidden ? h("span", {}, words.hidden) : null));
  }
}
