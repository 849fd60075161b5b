// The page: asks for a key, shows one workspace, and redraws at most twice a second what has changed.

import { Api } from "./api.js";
import { Board, OPEN } from "./board.js";
import { $, SVG, code, empty, forget, h, short, show, table } from "./elements.js";
import { LANGUAGES, duration, language, number, preferred, speak, time, word } from "./words.js";

const DRAW_EVERY = 500;
const AGENTS_EVERY = 5000;
const LETTERS_EVERY = 15000;
const ROWS = 20;
const RISK_ROWS = 12;
const MINUTES = 30;

let api = null;
let board = null;
let connection = "";
let dirty = false;
let dropping = null;
let wanted = ROWS;

function draw() {
  const now = Date.now() + (api?.skew ?? 0);
  show("connection", connection, () => (connection ? [h("span", { class: `dot ${connection}`, "aria-hidden": "true" }), word(connection)] : ""));
  if (!board) return;
  const risky = board.atRisk(now);
  drawTiles(risky, now);
  drawVolume(now);
  drawWaiting(now);
  drawClocks(risky, now);
  drawAgents();
  drawConversations();
  drawLetters();
}

function drawTiles(risky, now) {
  const counts = board.counted();
  const of = (count) => (board.capped && count >= 1000 ? word("more", { count: number(count) }) : number(count));
  const tiles = [
    ["waiting", of(counts.waiting + counts.offered), counts.waiting ? "warm" : ""],
    ["assigned", of(counts.assigned), ""],
    ["pending", of(counts.pending), ""],
    ["at_risk", number(risky.length), risky.length ? "hot" : ""],
    ["messages", number(board.recentMessages(now)), ""],
  ];
  show("tiles", JSON.stringify(tiles), () => tiles.map(([name, value, tone]) => h("div", { class: `tile ${tone}` }, h("dt", {}, word(name)), h("dd", {}, value))));
}

function drawVolume(now) {
  const bars = board.volume(now, MINUTES);
  show("volume", bars.join(), () => {
    const most = Math.max(...bars);
    const said = word("volume_said", { total: number(bars.reduce((a, b) => a + b, 0)), most: number(most) });
    const picture = document.createElementNS(SVG, "svg");
    const attributes = { viewBox: `0 0 ${MINUTES * 10} 60`, preserveAspectRatio: "none", role: "img", "aria-label": said };
    for (const [key, value] of Object.entries(attributes)) picture.setAttribute(key, value);
    picture.append(...bars.map((bar, n) => column(LANGUAGES[language].dir === "rtl" ? MINUTES - 1 - n : n, bar, most)));
    return [picture, h("p", { class: "quiet", "aria-hidden": "true" }, said)];
  });
}

function column(place, bar, most) {
  const height = bar ? Math.max(2, (bar / most) * 58) : 1;
  const rectangle = document.createElementNS(SVG, "rect");
  const attributes = { x: place * 10 + 1, y: 60 - height, width: 8, height, rx: 1, class: bar ? "bar" : "bar none" };
  for (const [key, value] of Object.entries(attributes)) rectangle.setAttribute(key, value);
  return rectangle;
}

function drawWaiting(now) {
  const teams = board.waitingByTeam().map((one) => [board.teamName(one.team), number(one.waiting), duration((now - Date.parse(one.since)) / 1000)]);
  show("waiting", JSON.stringify(teams), () => (teams.length ? table("waiting_by_team", ["team", "waiting", "longest"], teams) : empty("nobody_waits")));
}

function drawClocks(risky, now) {
  const rows = risky.slice(0, RISK_ROWS).map((clock) => {
    const ahead = (Date.parse(clock.due_at) - now) / 1000;
    return [clock.conversation, clock.metric, ahead < 0, duration(Math.abs(ahead))];
  });
  show("clocks", JSON.stringify([risky.length, rows]), () => {
    if (!rows.length) return empty("no_risk");
    const cells = rows.map(([id, metric, late, left]) => [
      word(metric),
      short(id),
      h("span", { class: late ? "late" : "soon" }, `${word(late ? "late" : "due")} ${left}`),
    ]);
    const rest = risky.length - rows.length;
    return [table("clocks", ["clock", "conversation", "due"], cells), rest > 0 ? h("p", { class: "quiet" }, `+ ${number(rest)}`) : ""];
  });
}

function drawAgents() {
  const { agents } = board;
  const agentCells = (one) => [
    h("bdi", {}, one.name),
    h("span", { class: "presence" }, h("span", { class: `dot ${one.presence}`, "aria-hidden": "true" }), word(one.presence)),
    h(
      "span",
      { class: "load" },
      h("meter", { min: 0, max: Math.max(1, one.capacity), high: one.capacity * 0.8, value: one.load, "aria-label": word("load") }),
      word("load_said", { load: number(one.load), capacity: number(one.capacity) }),
    ),
    h("bdi", {}, one.teams.map((team) => board.teamName(team)).join(", ")),
    h("bdi", { class: "code", dir: "ltr" }, Object.entries(one.skills).map(([name, level]) => `${name} ${level}`).join(", ")),
  ];
  show("agents", JSON.stringify(agents.map((one) => [one.name, one.presence, one.load, one.capacity, one.teams, one.skills])), () =>
    agents.length ? table("agents", ["agent", "presence", "load", "teams", "skills"], agents.map(agentCells)) : empty("no_agents"),
  );
}

function chosen() {
  const status = $("by-status").value;
  const team = $("by-team").value;
  const text = $("by-text").value.trim().toLocaleLowerCase();
  const fits = (one) =>
    (!status || one.status === status) &&
    (!team || one.team === team) &&
    (!text || [one.id, one.person, one.agent, one.intent, board.sentences.get(one.id)].some((part) => part?.toLocaleLowerCase().includes(text)));
  return [...board.conversations.values()]
    .filter(fits)
    .sort((a, b) => b.opened_at.localeCompare(a.opened_at));
}

function drawConversations() {
  const found = chosen();
  const rows = found.slice(0, wanted);
  $("more").hidden = found.length <= wanted;
  board.explain(rows).catch(() => {});
  show("shown", String(rows.length), () => word("shown", { shown: number(rows.length) }));
  const mark = JSON.stringify(rows.map((one) => [one.id, one.status, one.agent, one.priority, board.sentences.get(one.id)]));
  show("conversations", mark, () => (rows.length ? table("conversations", ["customer", "status", "team", "agent", "opened", "decision"], rows.map(conversationCells)) : empty("none")));
}

function conversationCells(one) {
  const badges = [
    h("span", { class: `badge ${one.status}` }, word(one.status)),
    one.priority === "normal" ? null : h("span", { class: `badge ${one.priority}` }, word(one.priority)),
    one.surface === "public" ? h("span", { class: "badge" }, word("public")) : null,
    one.sensitive ? h("span", { class: "badge urgent" }, word("sensitive")) : null,
  ];
  return [
    h("span", { class: "customer" }, code(one.person), " ", one.language ? h("span", { class: "quiet" }, one.language) : ""),
    h("span", { class: "badges" }, ...badges.filter(Boolean)),
    h("bdi", {}, board.teamName(one.team)),
    one.agent ? h("bdi", {}, board.agents.find(({ id }) => id === one.agent)?.name ?? one.agent) : "–",
    h("time", { datetime: one.opened_at }, time(one.opened_at)),
    h("span", { lang: "en", dir: "auto", class: "sentence" }, board.sentences.get(one.id) || "–"),
  ];
}

function drawLetters() {
  const { letters, lettersForbidden } = board;
  show("letters", JSON.stringify([letters, lettersForbidden, dropping]), () => {
    if (lettersForbidden) return empty("letters_forbidden");
    return letters.length ? table("letters", ["event", "error", "at", "action"], letters.map(letterCells)) : empty("no_letters");
  });
}

function letterCells(one) {
  const sure = dropping === one.id;
  return [
    h("span", {}, code(one.event_type), " ", h("span", { class: "quiet" }, code(`${one.group}/${one.partition}`))),
    h("bdi", { dir: "ltr", class: "sentence" }, one.error),
    h("time", { datetime: one.at }, time(one.at)),
    h(
      "span",
      { class: "actions" },
      h("button", { type: "button", onclick: () => act(one.id, "retry") }, word("retry")),
      h("button", { type: "button", class: sure ? "danger" : "", "data-drop": one.id, onclick: () => (sure ? act(one.id, "drop") : ask(one.id)) }, word(sure ? "drop_sure" : "drop")),
    ),
  ];
}

function ask(letter) {
  dropping = letter;
  drawLetters();
  document.querySelector(`[data-drop="${CSS.escape(letter)}"]`)?.focus();
}

async function act(letter, action) {
  dropping = null;
  try {
    await board.act(letter, action);
    $("letters-said").textContent = word("asked");
  } catch (error) {
    $("letters-said").textContent = error.message;
  }
  setTimeout(() => board?.readLetters().catch(() => {}), 1000);
}

function options(select, entries, selected = select.value) {
  select.replaceChildren(...entries.map(([value, name]) => h("option", { value }, name)));
  select.value = entries.some(([value]) => value === selected) ? selected : entries[0]?.[0];
}

function fillFilters() {
  options($("by-status"), [["", word("all")], ...[...OPEN, "resolved", "closed"].map((one) => [one, word(one)])]);
  options($("by-team"), [["", word("all")], ...(board?.teams ?? [])]);
}

function change(chosenLanguage) {
  speak(chosenLanguage);
  options($("language"), Object.entries(LANGUAGES).map(([id, { name }]) => [id, name]), chosenLanguage);
  fillFilters();
  draw();
}

async function enter(key) {
  const asking = new Api(key);
  const workspaces = await asking.items("/v1/workspaces");
  if (!workspaces.length) throw new Error(word("no_workspace"));
  sessionStorage.setItem("key", key);
  options($("workspace"), workspaces.map(({ id, name }) => [id, name]), sessionStorage.getItem("workspace") ?? "");
  for (const id of ["workspace-control", "leave", "board"]) $(id).hidden = false;
  $("enter").hidden = true;
  follow(key);
}

function follow(key) {
  api?.stop();
  api = new Api(key);
  const mine = new Board(api, $("workspace").value, () => (dirty = true));
  board = mine;
  forget();
  connection = "connecting";
  sessionStorage.setItem("workspace", $("workspace").value);
  const failed = (error) => (error.status === 401 ? leave("bad_key") : null);
  const state = (now) => {
    connection = now;
    dirty = true;
  };
  api.follow($("workspace").value, {
    state,
    told: (fact) => mine.tell(fact),
    began: () => load(mine, failed),
  }).catch(failed);
  draw();
}

// Read what was before; a server that is away for a moment is asked again.
function load(mine, failed) {
  const again = (error) => (error.status === 401 ? failed(error) : setTimeout(() => mine === board && load(mine, failed), AGENTS_EVERY));
  mine.load().then(fillFilters).catch(again);
}

function leave(why = null) {
  api?.stop();
  [api, board, connection] = [null, null, ""];
  sessionStorage.removeItem("key");
  for (const id of ["workspace-control", "leave", "board"]) $(id).hidden = true;
  $("enter").hidden = false;
  $("refused").textContent = why ? word(why) : "";
  $("key").value = "";
  $("key").focus();
  draw();
}

async function tryKey(key) {
  $("refused").textContent = "";
  try {
    await enter(key);
  } catch (error) {
    leave(error.status === 401 ? "bad_key" : error.status === undefined && error instanceof TypeError ? "unreachable" : null);
    if (!$("refused").textContent) $("refused").textContent = error.message;
  }
}

$("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  tryKey($("key").value.trim());
});
$("leave").addEventListener("click", () => leave());
$("language").addEventListener("change", (event) => change(event.target.value));
$("workspace").addEventListener("change", () => follow(sessionStorage.getItem("key")));
for (const id of ["by-status", "by-team"]) {
  $(id).addEventListener("change", () => {
    wanted = ROWS;
    board?.find($("by-status").value, $("by-team").value).catch(() => {});
    draw();
  });
}
$("more").addEventListener("click", () => {
  wanted += ROWS;
  draw();
});
$("by-text").addEventListener("input", draw);
setInterval(() => (dirty || Date.now() % 1000 < DRAW_EVERY) && ((dirty = false), draw()), DRAW_EVERY);
setInterval(() => document.hidden || board?.readAgents().catch(() => {}), AGENTS_EVERY);
setInterval(() => document.hidden || board?.readLetters().catch(() => {}), LETTERS_EVERY);

change(preferred());
const kept = sessionStorage.getItem("key");
if (kept) tryKey(kept);
