// The page: asks for a key, shows one workspace, and redraws at most twice a second what has changed.

import { Api } from "./api.js";
import { Board, OPEN } from "./board.js";
import { drawAccounts, drawDetail, drawSetup, drawWebhooks } from "./cards.js";
import { $, SVG, code, empty, forget, h, linked, name, named, plain, show, table } from "./elements.js";
import { LANGUAGES, duration, exactTime, language, number, preferred, sentence, speak, time, word } from "./words.js";

const DRAW_EVERY = 500;
const AGENTS_EVERY = 5000;
const OVERVIEW_EVERY = 900;
const OLD_AFTER = 6000;
const LETTERS_EVERY = 15000;
const ROWS = 20;
const RISK_ROWS = 12;
const MINUTES = 30;

let api = null;
let board = null;
let connection = "";
let dirty = false;
let dropping = null;
let noWorkspace = false;
let wanted = ROWS;

function draw() {
  const now = Date.now() + (api?.skew ?? 0);
  const shown = isOld() ? "lost" : connection;
  show("connection", shown, () => (shown ? [h("span", { class: `dot ${shown}`, "aria-hidden": "true" }), word(shown)] : ""));
  drawSetup(board, noWorkspace);
  drawAge();
  if (!board) return;
  const risky = board.atRisk(now);
  drawTiles(risky, now);
  drawVolume();
  drawWaiting(now);
  drawClocks(risky, now);
  drawAgents();
  drawAccounts(board);
  drawWebhooks(board, now);
  drawDetail(board);
  drawConversations();
  drawLetters();
}

const isOld = () => Boolean(board?.readAt) && (connection === "lost" || Date.now() - board.readAt > OLD_AFTER);

// Figures that may have changed since are marked as old, with the time they are of.
function drawAge() {
  const old = isOld();
  $("board").classList.toggle("stale", old);
  $("stale").hidden = !old;
  const said = old ? word("as_of", { time: exactTime(board.readAt + (api?.skew ?? 0)) }) : "";
  if ($("stale").textContent !== said) $("stale").textContent = said;
}

function drawTiles(risky, now) {
  const counts = board.counted();
  const of = (count) => (board.capped && count >= 1000 ? word("more", { count: number(count) }) : number(count));
  const tiles = [
    ["waiting", of(counts.waiting + counts.offered), counts.waiting ? "warm" : ""],
    ["assigned", of(counts.assigned), ""],
    ["pending", of(counts.pending), ""],
    ["at_risk", number(risky.length), risky.length ? "hot" : ""],
    ["messages", board.overview ? number(board.overview.messages_in_5_minutes) : "–", ""],
  ];
  show("tiles", JSON.stringify(tiles), () => tiles.map(([name, value, tone]) => h("div", { class: `tile ${tone}` }, h("dt", {}, word(name)), h("dd", {}, value))));
}

function drawVolume() {
  if (!board.overview) return;
  const bars = board.overview.opened_by_minute;
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
  const teams = board.waitingByTeam().map((one) => [name(board.teamName(one.team), one.team), number(one.waiting), duration((now - Date.parse(one.since)) / 1000)]);
  show("waiting", JSON.stringify(teams.map(([team, ...figures]) => [team.title, ...figures])), () => (teams.length ? table("waiting_by_team", ["team", "waiting", "longest"], teams) : empty("nobody_waits")));
}

function drawClocks(risky, now) {
  const rows = risky.slice(0, RISK_ROWS).map((clock) => {
    const ahead = (Date.parse(clock.due_at) - now) / 1000;
    const person = board.conversations.get(clock.conversation)?.person;
    return [clock.conversation, clock.metric, ahead < 0, duration(Math.abs(ahead)), person ? customer(person) : clock.conversation.slice(-8)];
  });
  board.readNames(risky.slice(0, RISK_ROWS).map((clock) => board.conversations.get(clock.conversation)?.person).filter(Boolean)).catch(() => {});
  show("clocks", JSON.stringify([risky.length, rows]), () => {
    if (!rows.length) return empty("no_risk");
    const cells = rows.map(([id, metric, late, left, who]) => [
      word(metric),
      linked(id, name(who, id.slice(-8))),
      h("span", { class: late ? "late" : "soon" }, `${word(late ? "late" : "due")} ${left}`),
    ]);
    const rest = risky.length - rows.length;
    return [table("clocks", ["clock", "conversation", "due"], cells), rest > 0 ? h("p", { class: "quiet" }, `+ ${number(rest)}`) : ""];
  });
}

function drawAgents() {
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

function chosen() {
  const status = $("by-status").value;
  const team = $("by-team").value;
  const text = $("by-text").value.trim().toLocaleLowerCase();
  const fits = (one) =>
    (!status || one.status === status) &&
    (!team || one.team === team) &&
    (!text || [one.id, one.person, board.names.get(one.person), one.agent, one.intent, board.sentences.get(one.id)].some((part) => part?.toLocaleLowerCase().includes(text)));
  return [...board.conversations.values()]
    .filter(fits)
    .sort((a, b) => waits(b) - waits(a) || (waits(a) ? a.opened_at.localeCompare(b.opened_at) : b.opened_at.localeCompare(a.opened_at)));
}

// Whoever waits stands first, the longest at the top.
const waits = (one) => Number(one.status === "waiting" || one.status === "offered");

// What a customer is called, else the last part of their id.
const customer = (person) => named(board.names.get(person), plain(person.split(":").slice(2).join(":")) || person);

function drawConversations() {
  const found = chosen();
  const rows = found.slice(0, wanted);
  $("more").hidden = found.length <= wanted;
  board.explain(rows).catch(() => {});
  board.readNames(rows.map(({ person }) => person)).catch(() => {});
  show("shown", String(rows.length), () => word("shown", { shown: number(rows.length) }));
  const mark = JSON.stringify(rows.map((one) => [one.id, one.status, one.agent, one.priority, board.sentences.get(one.id), board.names.get(one.person)]));
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
    h(
      "span",
      { class: "customer" },
      linked(one.id, name(customer(one.person), one.person)),
      h("span", { class: "quiet" }, code(one.person), one.language ? ` ${one.language}` : ""),
    ),
    h("span", { class: "badges" }, ...badges.filter(Boolean)),
    name(board.teamName(one.team), one.team),
    one.agent ? name(board.agents.find(({ id }) => id === one.agent)?.name, one.agent) : "–",
    h("time", { datetime: one.opened_at }, time(one.opened_at)),
    sentence(board.sentences.get(one.id)),
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
    h("bdi", { dir: "ltr", class: "sentence" }, plain(one.error)),
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
  options($("by-team"), [["", word("all")], ...[...(board?.teams ?? [])].map(([id, team]) => [id, named(team, id)])]);
}

function change(chosenLanguage) {
  speak(chosenLanguage);
  // Why is told in the page's language: it is asked for again.
  board?.sentences.clear();
  options($("language"), Object.entries(LANGUAGES).map(([id, { name }]) => [id, name]), chosenLanguage);
  fillFilters();
  draw();
}

async function enter(key) {
  const asking = new Api(key);
  const workspaces = await asking.items("/v1/workspaces");
  sessionStorage.setItem("key", key);
  $("enter").hidden = true;
  $("leave").hidden = false;
  noWorkspace = !workspaces.length;
  if (noWorkspace) {
    draw();
    setTimeout(() => noWorkspace && tryKey(key), AGENTS_EVERY);
    return;
  }
  options($("workspace"), workspaces.map(({ id, name: called }) => [id, named(called, id)]), sessionStorage.getItem("workspace") ?? "");
  for (const id of ["workspace-control", "board"]) $(id).hidden = false;
  follow(key);
}

function follow(key) {
  api?.stop();
  api = new Api(key, { language: () => language, refused: () => leave("bad_key") });
  const mine = new Board(api, $("workspace").value, () => (dirty = true));
  board = mine;
  forget();
  connection = "connecting";
  sessionStorage.setItem("workspace", $("workspace").value);
  // Signing out by 401 is the API's own doing; a workspace that is gone, or a key that may not see it, ends it too.
  const failed = ({ status }) => {
    if (mine !== board) return;
    if (status === 403) leave("bad_key");
    if (status === 404) tryKey(key);
  };
  const state = (now) => {
    if (mine !== board) return;
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
  const again = (error) => (error.status === 401 ? null : setTimeout(() => mine === board && load(mine, failed), AGENTS_EVERY));
  mine.load().then(fillFilters).then(fromHash).catch(again);
}

function leave(why = null) {
  api?.stop();
  [api, board, connection, noWorkspace] = [null, null, "", false];
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
$("detail-close").addEventListener("click", () => {
  history.replaceState(null, "", location.pathname);
  fromHash();
});
addEventListener("hashchange", fromHash);

// The conversation that the address names is shown whole.
function fromHash() {
  const id = new URLSearchParams(location.hash.slice(1)).get("conversation");
  if (!board) return;
  board.detail = null;
  if (id) {
    board.open(id).then(() => $("detail-title").focus()).catch(() => board && (board.detail = { id, missing: true }));
    $("detail-card").hidden = false;
    $("detail-card").scrollIntoView({ block: "nearest" });
  }
  draw();
}
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
setInterval(() => document.hidden || board?.readOverview().catch(() => {}), OVERVIEW_EVERY);
setInterval(() => document.hidden || board?.readSetup().catch(() => {}), AGENTS_EVERY);
setInterval(() => document.hidden || board?.readAgents().catch(() => {}), AGENTS_EVERY);
setInterval(() => document.hidden || board?.readLetters().catch(() => {}), LETTERS_EVERY);

change(preferred());
const kept = sessionStorage.getItem("key");
if (kept) tryKey(kept);
