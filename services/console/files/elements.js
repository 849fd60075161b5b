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

export const empty = (name) => h("p", { class: "quiet" }, word(name));
export const code = (text) => h("bdi", { class: "code", dir: "ltr", title: text }, text);
export const short = (id) => h("bdi", { class: "code", dir: "ltr", title: id }, id.slice(-8));
