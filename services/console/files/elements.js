// Elements of the page, made without markup: what customers wrote can never become any.

import { language, word } from "./words.js";

export const SVG = "http://www.w3.org/2000/svg";
export const $ = (id) => document.getElementById(id);

const drawn = new Map();

// Draw everything anew, whatever is shown.
export const forget = () => drawn.clear();

export function h(name, given = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(given)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

// Replace the content of an element, unless it would be the same: focus and screen readers are left in peace.
export function show(id, mark, make) {
  const key = `${language}${mark}`;
  if (drawn.get(id) === key) return;
  drawn.set(id, key);
  $(id).replaceChildren(...[make()].flat());
}

export function table(caption, columns, rows) {
  const titles = columns.map((name) => h("th", { scope: "col" }, word(name)));
  const lines = rows.map((cells) =>
    h("tr", {}, ...cells.map((cell, n) => h(n ? "td" : "th", { "data-label": word(columns[n]), scope: n ? null : "row" }, cell))),
  );
  return h(
    "table",
    {},
    h("caption", { class: "hidden" }, word(caption)),
    h("thead", {}, h("tr", {}, ...titles)),
    h("tbody", {}, ...lines),
  );
}

// Without the characters that would turn the text around them (UAX 9).
export const plain = (text) => String(text ?? "").replace(/[\u202a-\u202e\u2066-\u2069]/g, "");
const SEEN = /[^\p{C}\p{Z}\p{M}\u115f\u1160\u2800\u3164\uffa0]/u;

// A name that can be seen, on one line, else what stands for it.
export function named(text, otherwise) {
  const clean = plain(text).replace(/[\p{Cc}\s]+/gu, " ").trim();
  return SEEN.test(clean) ? clean : otherwise;
}

// A name between others: it keeps its direction to itself, and is shortened where there is no room.
export const name = (text, otherwise) => h("bdi", { class: "name", title: named(text, otherwise) }, named(text, otherwise));
export const empty = (name) => h("p", { class: "quiet" }, word(name));
export const code = (text) => h("bdi", { class: "code", dir: "ltr", title: plain(text) }, plain(text));

// A link to a conversation on this page.
export const linked = (id, ...content) => h("a", { href: `#conversation=${encodeURIComponent(id)}` }, ...content);
