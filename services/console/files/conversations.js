// The table of conversations, by the filters beside it.

import { $, code, h, linked, name, named, plain, show, table, empty } from "./elements.js";
import { number, sentence, time, word } from "./words.js";

// The name of a customer; without one, the last part of the id.
export const customer = (board, person) => named(board.names.get(person), plain(person.split(":").slice(2).join(":")) || person);

const isWaiting = (one) => Number(one.status === "waiting" || one.status === "offered");

// Waiting conversations first, the oldest of them at the top; then the others, the newest first.
function matching(board) {
  const status = $("by-status").value;
  const team = $("by-team").value;
  const text = $("by-text").value.trim().toLocaleLowerCase();
  const matches = (one) =>
    (!status || one.status === status) &&
    (!team || one.team === team) &&
    (!text || [one.id, one.person, board.names.get(one.person), one.agent, one.intent, board.sentences.get(one.id)].some((part) => part?.toLocaleLowerCase().includes(text)));
  return [...board.conversations.values()]
    .filter(matches)
    .sort((a, b) => isWaiting(b) - isWaiting(a) || (isWaiting(a) ? a.opened_at.localeCompare(b.opened_at) : b.opened_at.localeCompare(a.opened_at)));
}

export function drawConversations(board, limit) {
  const found = matching(board);
  const rows = found.slice(0, limit);
  $("more").hidden = found.length <= limit;
  board.readDecisions(rows).catch(() => {});
  board.readNames(rows.map(({ person }) => person)).catch(() => {});
  show("shown", String(rows.length), () => word("shown", { shown: number(rows.length) }));
  const mark = JSON.stringify(rows.map((one) => [one.id, one.status, one.agent, one.priority, board.sentences.get(one.id), board.names.get(one.person)]));
  show("conversations", mark, () => (rows.length ? table("conversations", ["customer", "status", "team", "agent", "opened", "decision"], rows.map((one) => conversationCells(board, one))) : empty("none")));
}

function conversationCells(board, one) {
  const badges = [
    h("span", { class: `badge ${one.status}` }, word(one.status)),
    one.priority === "normal" ? null : h("span", { class: `badge ${one.priority}` }, word(one.priority)),
    one.surface === "public" ? h("span", { class: "badge" }, word("public")) : null,
    one.sensitive ? h("span", { class: "badge urgent" }, word("sensitive")) : null,
  ];
  return [
    h(
      "span",
      { class: "customer" },
      linked(one.id, name(customer(board, one.person), one.person)),
      h("span", { class: "quiet" }, code(one.person), one.language ? ` ${one.language}` : ""),
    ),
    h("span", { class: "badges" }, ...badges.filter(Boolean)),
    name(board.teamName(one.team), one.team),
    one.agent ? name(board.agents.find(({ id }) => id === one.agent)?.name, one.agent) : "–",
    h("time", { datetime: one.opened_at }, time(one.opened_at)),
    sentence(board.sentences.get(one.id)),
  ];
}
