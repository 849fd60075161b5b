// Elements of the page. They are created without markup, so that a customer's text can never become markup.

import { language, word } from "./words.js";

export const SVG = "http://www.w3.org/2000/svg";
export const $ = (id) => document.getElementById(id);

const drawn = new Map();

// Let every element be drawn anew, also where its content is the same.
export const clearDrawn = () => drawn.clear();

export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

// Replace the content of an element when `state`, a text, is another than at the last call. An unchanged element keeps the
// focus and is not read again by screen readers.
export function show(id, state, render) {
  const key = `${language}${state}`;
  if (drawn.get(id) === key) return;
  drawn.set(id, key);
  $(id).replaceChildren(...[render()].flat());
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

// A text without the characters that change the direction of the text around them (UAX 9).
export const plain = (text) => String(text ?? "").replace(/[\u202a-\u202e\u2066-\u2069]/g, "");
// At least one character that has a shape.
const VISIBLE = /[^\p{C}\p{Z}\p{M}\u115f\u1160\u2800\u3164\uffa0]/u;

// A name on one line; `fallback` when it has no visible character.
export function named(text, fallback) {
  const clean = plain(text).replace(/[\p{Cc}\s]+/gu, " ").trim();
  return VISIBLE.test(clean) ? clean : fallback;
}

// A name as an element that isolates its direction; CSS shortens it where there is no room.
export const name = (text, fallback) => h("bdi", { class: "name", title: named(text, fallback) }, named(text, fallback));
export const empty = (name) => h("p", { class: "quiet" }, word(name));
export const code = (text) => h("bdi", { class: "code", dir: "ltr", title: plain(text) }, plain(text));

// A link to a conversation on this page.
export const linked = (id, ...content) => h("a", { href: `#conversation=${encodeURIComponent(id)}` }, ...content);
