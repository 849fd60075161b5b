// The panels of figures: tiles, opened conversations by minute, waiting by team, clocks at risk, agents.

import { customer } from "./conversations.js";
import { SVG, empty, h, linked, name, plain, show, table } from "./elements.js";
import { LANGUAGES, duration, language, number, word } from "./words.js";

const MAX_RISK_ROWS = 12;
const MINUTES = 30;
// The list API was read up to this number for each status: counts from there on are lower bounds.
const MAX_COUNTED = 1000;

export function drawTiles(board, atRisk) {
  const counts = board.countByStatus();
  const shown = (count) => (board.capped && count >= MAX_COUNTED ? word("more", { count: number(count) }) : number(count));
  const tiles = [
    ["waiting", shown(counts.waiting + counts.offered), counts.waiting ? "warm" : ""],
    ["assigned", shown(counts.assigned), ""],
    ["pending", shown(counts.pending), ""],
    ["at_risk", number(atRisk.length), atRisk.length ? "hot" : ""],
    ["messages", board.overview ? number(board.overview.messages_in_5_minutes) : "–", ""],
  ];
  show("tiles", JSON.stringify(tiles), () => tiles.map(([name, value, tone]) => h("div", { class: `tile ${tone}` }, h("dt", {}, word(name)), h("dd", {}, value))));
}

export function drawVolume(board) {
  if (!board.overview) return;
  const bars = board.overview.opened_by_minute;
  show("volume", bars.join(), () => {
    const maximum = Math.max(...bars);
    const summary = word("volume_said", { total: number(bars.reduce((a, b) => a + b, 0)), most: number(maximum) });
    const picture = document.createElementNS(SVG, "svg");
    const attributes = { viewBox: `0 0 ${MINUTES * 10} 60`, preserveAspectRatio: "none", role: "img", "aria-label": summary };
    for (const [key, value] of Object.entries(attributes)) picture.setAttribute(key, value);
    // The oldest minute comes first in the direction of reading: at the right in Persian and Arabic.
    picture.append(...bars.map((bar, n) => column(LANGUAGES[language].dir === "rtl" ? MINUTES - 1 - n : n, bar, maximum)));
    return [picture, h("p", { class: "quiet", "aria-hidden": "true" }, summary)];
  });
}

function column(position, bar, maximum) {
  const height = bar ? Math.max(2, (bar / maximum) * 58) : 1;
  const rectangle = document.createElementNS(SVG, "rect");
  const attributes = { x: position * 10 + 1, y: 60 - height, width: 8, height, rx: 1, class: bar ? "bar" : "bar none" };
  for (const [key, value] of Object.entries(attributes)) rectangle.setAttribute(key, value);
  return rectangle;
}

export function drawWaiting(board, now) {
  const teams = board.waitingByTeam().map((one) => [name(board.teamName(one.team), one.team), number(one.waiting), duration((now - Date.parse(one.since)) / 1000)]);
  show("waiting", JSON.stringify(teams.map(([team, ...figures]) => [team.title, ...figures])), () => (teams.length ? table("waiting_by_team", ["team", "waiting", "longest"], teams) : empty("nobody_waits")));
}

export function drawClocks(board, atRisk, now) {
  const rows = atRisk.slice(0, MAX_RISK_ROWS).map((clock) => {
    const ahead = (Date.parse(clock.due_at) - now) / 1000;
    const person = board.conversations.get(clock.conversation)?.person;
    return [clock.conversation, clock.metric, ahead < 0, duration(Math.abs(ahead)), person ? customer(board, person) : clock.conversation.slice(-8)];
  });
  board.readNames(atRisk.slice(0, MAX_RISK_ROWS).map((clock) => board.conversations.get(clock.conversation)?.person).filter(Boolean)).catch(() => {});
  show("clocks", JSON.stringify([atRisk.length, rows]), () => {
    if (!rows.length) return empty("no_risk");
    const cells = rows.map(([id, metric, late, remaining, who]) => [
      word(metric),
      linked(id, name(who, id.slice(-8))),
      h("span", { class: late ? "late" : "soon" }, `${word(late ? "late" : "due")} ${remaining}`),
    ]);
    const rest = atRisk.length - rows.length;
    return [table("clocks", ["clock", "conversation", "due"], cells), rest > 0 ? h("p", { class: "quiet" }, `+ ${number(rest)}`) : ""];
  });
}

export function drawAgents(board) {
  const { agents } = board;
  const agentCells = (one) => [
    name(one.name, one.id),
    h("span", { class: "presence" }, h("span", { class: `dot ${one.presence}`, "aria-hidden": "true" }), word(one.presence)),
    h(
      "span",
      { class: "load" },
      h("meter", { min: 0, max: Math.max(1, one.capacity), high: one.capacity * 0.8, value: one.load, "aria-label": word("load") }),
      word("load_said", { load: number(one.load), capacity: number(one.capacity) }),
    ),
    h("span", {}, ...one.teams.flatMap((team, n) => [n ? " · " : "", name(board.teamName(team), team)])),
    h("bdi", { class: "code", dir: "ltr" }, Object.entries(one.skills).map(([skill, level]) => `${plain(skill)} ${level}`).join(", ")),
  ];
  show("agents", JSON.stringify(agents.map((one) => [one.name, one.presence, one.load, one.capacity, one.teams, one.skills])), () =>
    agents.length ? table("agents", ["agent", "presence", "load", "teams", "skills"], agents.map(agentCells)) : empty("no_agents"),
  );
}
