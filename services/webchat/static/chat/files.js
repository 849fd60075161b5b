// Files: those that wait beside the text until it is sent, and those of messages.

import { h, icon } from "./elements.js";
import { Refused } from "./server.js";
import { named } from "./text.js";
import { filled } from "./words.js";

export const MAX_FILES = 10;
// Pictures that hold no script. The server finds the type in the bytes; everything else is saved, never shown.
const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"];
const SHOWN_BYTES = 8000000;

export class Files {
  // `number` writes a count in the language of the words. `changed` is called when a file comes, goes, or has been uploaded.
  constructor(server, words, number, changed) {
    this.server = server;
    this.words = words;
    this.number = number;
    this.changed = changed;
    this.waiting = [];
    this.mostBytes = Infinity;
    // How many of those that were chosen last found no room.
    this.leftOut = 0;
    this.list = h("ul", { class: "files", "aria-label": words.files, hidden: true });
    this.input = h("input", { type: "file", multiple: true, hidden: true, tabindex: "-1", change: () => this.onChosen() });
    this.button = h("button", { type: "button", class: "attach", "aria-label": words.attach, title: words.attach, click: () => this.input.click() },
      icon("M20 11l-8.5 8.5a5 5 0 0 1-7-7L13 4a3.4 3.4 0 0 1 5 5l-8.6 8.5a1.7 1.7 0 0 1-2.5-2.5L14.5 7.5"));
  }

  // Files with more bytes are not uploaded. An older server says no limit.
  limit(bytes) {
    if (bytes) this.mostBytes = bytes;
  }

  get isUploading() {
    return this.waiting.some((one) => !one.stored && !one.wrong);
  }

  // The files that are ready, which a message then names.
  take() {
    const ready = this.waiting.filter((one) => one.stored).map((one) => one.stored);
    this.waiting = [];
    this.leftOut = 0;
    this.draw();
    return ready;
  }

  onChosen() {
    this.add(Array.from(this.input.files));
    this.input.value = "";
  }

  add(chosen) {
    const room = MAX_FILES - this.waiting.length;
    this.leftOut = Math.max(0, chosen.length - room);
    for (const file of chosen.slice(0, room)) {
      const one = { file, stored: null, wrong: "" };
      this.waiting.push(one);
      void this.upload(one);
    }
    this.draw();
  }

  async upload(one) {
    one.wrong = one.file.size > this.mostBytes ? this.tooLarge() : "";
    one.isFinal = Boolean(one.wrong);
    this.draw();
    if (one.wrong) return;
    try {
      one.stored = await this.server.upload(one.file);
    } catch (error) {
      const isTooLarge = error instanceof Refused && error.status === 413;
      one.wrong = isTooLarge ? this.tooLarge() : this.words.fileFailed;
      one.isFinal = error instanceof Refused;
    }
    this.draw();
  }

  draw() {
    this.list.hidden = !this.waiting.length;
    fill(this.list, [...this.waiting.map((one) => this.row(one)), ...this.note()]);
    this.changed();
  }

  tooLarge() {
    if (this.mostBytes === Infinity) return this.words.fileTooLarge;
    return filled(this.words.fileLargerThan, { most: this.number(Math.floor(this.mostBytes / 100000) / 10) });
  }

  note() {
    if (!this.leftOut) return [];
    const text = filled(this.words.tooManyFiles, { most: this.number(MAX_FILES), count: this.number(this.leftOut) });
    return [h("li", {}, h("span", { class: "wrong", role: "alert" }, text))];
  }

  row(one) {
    const name = named(one.file.name, this.words.file);
    const state = one.wrong ? h("span", { class: "wrong", role: "alert" }, one.wrong) : one.stored ? null : h("span", {}, this.words.uploading);
    const again = one.wrong && !one.isFinal ? h("button", { type: "button", click: () => this.upload(one) }, this.words.again) : null;
    const label = filled(this.words.removeFile, { name });
    const remove = h("button", { type: "button", class: "remove", "aria-label": label, title: label, click: () => this.remove(one) }, icon("M6 6l12 12M18 6L6 18"));
    return h("li", {}, h("bdi", {}, name), state, again, remove);
  }

  remove(one) {
    this.waiting = this.waiting.filter((other) => other !== one);
    this.leftOut = 0;
    this.draw();
    this.button.focus();
  }
}

function fill(element, children) {
  element.textContent = "";
  element.append(...children);
}

// Pictures are fetched one after the other: a long conversation must not ask for all at once.
let pictures = Promise.resolve();

// The files of a stored message: pictures as they are, the rest to be saved.
export function shownFiles(server, words, message) {
  return message.attachments.map((file, number) => {
    const name = named(file.name, words.file);
    if (!file.url) return h("span", { class: "file" }, h("bdi", {}, name));
    const button = h("button", { type: "button", class: "file", click: () => void save(server, message.id, number, file, button, words) },
      icon("M12 4v12M7 11l5 5 5-5M5 20h14"), h("bdi", {}, name));
    if (PICTURES.includes(file.media_type) && file.size_bytes <= SHOWN_BYTES) {
      pictures = pictures.then(() => picture(server, message.id, number, name, button));
    }
    return button;
  });
}

async function picture(server, message, number, name, button) {
  try {
    const content = await server.readFile(message, number);
    if (!PICTURES.includes(content.type)) return;
    const shown = h("img", { alt: name, src: URL.createObjectURL(content) });
    shown.addEventListener("load", () => URL.revokeObjectURL(shown.src));
    button.classList.add("picture");
    fill(button, [shown]);
  } catch (error) { /* the button with the name stays, and asks again */ }
}

async function save(server, message, number, file, button, words) {
  button.disabled = true;
  try {
    const address = URL.createObjectURL(await server.readFile(message, number));
    h("a", { href: address, download: file.name || words.file }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60000);
  } catch (error) {
    button.title = words.fileGone;
    button.append(h("span", { class: "wrong", role: "alert" }, words.fileGone));
  }
  button.disabled = false;
}
