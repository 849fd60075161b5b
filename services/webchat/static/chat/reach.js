// The status line while no agent is available (when the shop opens again), and the form for the visitor's e-mail address.

import { h } from "./elements.js";
import { Refused } from "./server.js";
import { filled } from "./words.js";

const STATUS_POLL_MS = 60000;

export class Reach {
  // `read` is called with each status, `refused` when this page may not open chats, or there is no such account.
  constructor(server, memory, words, times, read, refused) {
    this.server = server;
    this.memory = memory;
    this.words = words;
    this.times = times;
    this.read = read;
    this.refused = refused;
    this.timer = 0;
    this.statusText = h("p", { class: "said", role: "status" });
    this.wrong = h("p", { class: "wrong", id: "mail-wrong", role: "alert" });
    this.box = h("input", {
      type: "email", id: "mail", required: true, maxlength: "254", autocomplete: "email", dir: "ltr", "aria-describedby": "mail-why mail-wrong",
    });
    this.form = h("form", { class: "mail", novalidate: true, submit: (event) => this.submitContact(event) },
      h("label", { for: "mail" }, words.mail),
      h("div", { class: "row" }, this.box, h("button", { type: "submit", class: "leave" }, words.mailSend)),
      h("p", { class: "why", id: "mail-why" }, words.mailWhy), this.wrong);
    this.thanks = h("p", { class: "thanks", role: "status" });
    this.element = h("div", { class: "reach", hidden: true }, this.statusText, this.form, this.thanks);
  }

  // Reads the status now and every minute, until `stopPolling`.
  pollStatus() {
    clearTimeout(this.timer);
    this.server.status().then((status) => this.show(status), (error) => error instanceof Refused && this.refused());
    this.timer = setTimeout(() => this.pollStatus(), STATUS_POLL_MS);
  }

  stopPolling() {
    clearTimeout(this.timer);
  }

  show(status) {
    const { open, opens_at: opensAt, online } = status;
    this.read(status);
    this.element.hidden = open && online;
    if (this.element.hidden) return;
    const when = opensAt ? this.times.opening(Date.parse(opensAt), Date.now()) : "";
    const text = open ? this.words.nobody : when ? filled(this.words.shutUntil, { when }) : this.words.shut;
    if (this.statusText.textContent !== text) this.statusText.textContent = text;
    this.showContact();
  }

  // The form; after an address was sent, a sentence with that address instead.
  showContact() {
    const email = this.memory.read("email");
    this.form.hidden = Boolean(email);
    const [before, after] = this.words.mailThanks.split("{email}");
    if (email && !this.thanks.textContent) this.thanks.append(before, h("bdi", { dir: "ltr" }, email), after);
  }

  async submitContact(event) {
    event.preventDefault();
    const email = this.box.value.trim();
    this.wrong.textContent = "";
    if (!email || !this.box.checkValidity()) return this.showError(this.words.mailWrong);
    try {
      await this.server.sendContact(email);
    } catch (error) {
      return this.showError(error.status === 422 ? this.words.mailWrong : this.words.mailLater);
    }
    this.memory.write("email", email);
    this.showContact();
    return undefined;
  }

  showError(text) {
    this.wrong.textContent = text;
    this.box.setAttribute("aria-invalid", "true");
    this.box.focus();
  }
}
