// The table of dead letters, with a button that retries and one that drops after a second click.

import { $, code, empty, h, plain, show, table } from "./elements.js";
import { time, word } from "./words.js";

// The id of the dead letter whose drop is to be confirmed.
let confirming = null;

export function drawLetters(board) {
  const { letters, lettersForbidden } = board;
  show("letters", JSON.stringify([letters, lettersForbidden, confirming]), () => {
    if (lettersForbidden) return empty("letters_forbidden");
    return letters.length ? table("letters", ["event", "error", "at", "action"], letters.map((one) => letterCells(board, one))) : empty("no_letters");
  });
}

function letterCells(board, one) {
  const isConfirming = confirming === one.id;
  return [
    h("span", {}, code(one.event_type), " ", h("span", { class: "quiet" }, code(`${one.group}/${one.partition}`))),
    h("bdi", { dir: "ltr", class: "sentence" }, plain(one.error)),
    h("time", { datetime: one.at }, time(one.at)),
    h(
      "span",
      { class: "actions" },
      h("button", { type: "button", onclick: () => act(board, one.id, "retry") }, word("retry")),
      h("button", { type: "button", class: isConfirming ? "danger" : "", "data-drop": one.id, onclick: () => (isConfirming ? act(board, one.id, "drop") : confirmDrop(board, one.id)) }, word(isConfirming ? "drop_sure" : "drop")),
    ),
  ];
}

function confirmDrop(board, letter) {
  confirming = letter;
  drawLetters(board);
  // The button was drawn anew: without this, the keyboard would have lost its place.
  document.querySelector(`[data-drop="${CSS.escape(letter)}"]`)?.focus();
}

async function act(board, letter, action) {
  confirming = null;
  try {
    await board.act(letter, action);
    $("letters-said").textContent = word("asked");
  } catch (error) {
    $("letters-said").textContent = error.message;
  }
  // The group needs a moment to handle or drop the event.
  setTimeout(() => board.readLetters().catch(() => {}), 1000);
}
