// What is said when nobody answers now: when the shop opens again; and where the visitor can be reached then.

import { h } from "./elements.js";
import { Refused } from "./server.js";
import { filled } from "./words.js";

const LOOK_AGAIN = 60000;

export class Reach {
  // `refused` is called when this page may not open chats, or there is no such account.
  constructor(server, memory, words, times, refused) {
    this.server = server;
    this.memory = memory;
    this.words = words;
    this.times = times;
    this.refused = refused;
    this.looking = 0;
    this.said = h("p", { class: "said", role: "status" });
    this.wrong = h("p", { class: "wrong", id: "mail-wrong", role: "alert" });
    this.box = h("input", {
      type: "email", id: "mail", required: true, maxlength: "254", autocomplete: "email", dir: "ltr", "aria-describedby": "mail-why mail-wrong",
    });
    this.form = h("form", { class: "mail", novalidate: true, submit: (event) => this.leave(event) },
      h("label", { for: "mail" }, words.mail),
      h("div", { class: "row" }, this.box, h("button", { type: "submit", class: "leave" }, words.mailSend)),
      h("p", { class: "why", id: "mail-why" }, words.mailWhy), this.wrong);
    this.thanks = h("p", { class: "thanks", role: "status" });
    this.element = h("div", { class: "reach", hidden: true }, this.said, this.form, this.thanks);
  }

  // From now on, as long as the chat is open.
  look() {
    clearTimeout(this.looking);
    this.server.status().then((status) => this.show(status), (error) => error instanceof Refused && this.refused());
    this.looking = setTimeout(() => this.look(), LOOK_AGAIN);
  }

  stop() {
    clearTimeout(this.looking);
  }

  show({ open, opens_at: opensAt, online }) {
    this.element.hidden = open && online;
    if (this.element.hidden) return;
    const when = opensAt ? this.times.opening(Date.parse(opensAt), Date.now()) : "";
    const text = open ? this.words.nobody : when ? filled(this.words.shutUntil, { when }) : this.words.shut;
    if (this.said.textContent !== text) this.said.textContent = text;
    this.ask();
  }

  // Asks once: whoever has left an address is told which.
  ask() {
    const email = this.memory.kept("email");
    this.form.hidden = Boolean(email);
    const [before, after] = this.words.mailThanks.split("{email}");
    if (email && !this.thanks.textContent) this.thanks.append(before, h("bdi", { dir: "ltr" }, email), after);
  }

  async leave(event) {
    event.preventDefault();
    const email = this.box.value.trim();
    this.wrong.textContent = "";
    if (!email || !this.box.checkValidity()) return this.refuse(this.words.mailWrong);
    try {
      await this.server.leave(email);
    } catch (error) {
      return this.refuse(error.status === 422 ? this.words.mailWrong : this.words.mailLater);
    }
    this.memory.keep("email", email);
    this.ask();
    return undefined;
  }

  refuse(text) {
    this.wrong.textContent = text;
    this.box.setAttribute("aria-invalid", "true");
    this.box.focus();
  }
}
