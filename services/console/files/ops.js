// The page: signs in with a key, shows one workspace, and redraws what has changed at most twice a second.

import { Api } from "./api.js";
import { Board, OPEN } from "./board.js";
import { drawAccounts, drawDetail, drawSetup, drawWebhooks } from "./cards.js";
import { drawConversations } from "./conversations.js";
import { $, clearDrawn, h, named, show } from "./elements.js";
import { drawLedgers } from "./ledgers.js";
import { drawLetters } from "./letters.js";
import { drawAgents, drawClocks, drawTiles, drawVolume, drawWaiting } from "./panels.js";
import { LANGUAGES, exactTime, language, preferred, setLanguage, word } from "./words.js";

// In milliseconds.
const DRAW_INTERVAL = 500;
const OVERVIEW_INTERVAL = 900;
const AGENTS_INTERVAL = 5000;
const LETTERS_INTERVAL = 15000;
const STALE_AFTER = 6000;
const PAGE_SIZE = 20;

let api = null;
let board = null;
let connection = "";
let dirty = false;
let noWorkspace = false;
let rowLimit = PAGE_SIZE;

function draw() {
  const now = Date.now() + (api?.skew ?? 0);
  const shown = isStale() ? "lost" : connection;
  show("connection", shown, () => (shown ? [h("span", { class: `dot ${shown}`, "aria-hidden": "true" }), word(shown)] : ""));
  drawSetup(board, noWorkspace);
  drawStaleness();
  if (!board) return;
  const atRisk = board.clocksAtRisk(now);
  drawTiles(board, atRisk);
  drawVolume(board);
  drawWaiting(board, now);
  drawClocks(board, atRisk, now);
  drawAgents(board);
  drawAccounts(board);
  drawLedgers(board);
  drawWebhooks(board, now);
  drawDetail(board);
  drawConversations(board, rowLimit);
  drawLetters(board);
}

const isStale = () => Boolean(board?.readAt) && (connection === "lost" || Date.now() - board.readAt > STALE_AFTER);

// Figures that were not read for a while are marked as stale, with the time of the last reading.
function drawStaleness() {
  const stale = isStale();
  $("board").classList.toggle("stale", stale);
  $("stale").hidden = !stale;
  const text = stale ? word("as_of", { time: exactTime(board.readAt + (api?.skew ?? 0)) }) : "";
  if ($("stale").textContent !== text) $("stale").textContent = text;
}

function options(select, entries, selected = select.value) {
  select.replaceChildren(...entries.map(([value, name]) => h("option", { value }, name)));
  select.value = entries.some(([value]) => value === selected) ? selected : entries[0]?.[0];
}

function fillFilters() {
  options($("by-status"), [["", word("all")], ...[...OPEN, "resolved", "closed"].map((one) => [one, word(one)])]);
  options($("by-team"), [["", word("all")], ...[...(board?.teams ?? [])].map(([id, team]) => [id, named(team, id)])]);
}

function changeLanguage(chosenLanguage) {
  setLanguage(chosenLanguage);
  // The sentences of decisions come from the server, in the language of the request: they are read again.
  board?.sentences.clear();
  options($("language"), Object.entries(LANGUAGES).map(([id, { name }]) => [id, name]), chosenLanguage);
  fillFilters();
  draw();
}

async function signIn(key) {
  const workspaces = await new Api(key).items("/v1/workspaces");
  sessionStorage.setItem("key", key);
  $("enter").hidden = true;
  $("leave").hidden = false;
  noWorkspace = !workspaces.length;
  if (noWorkspace) {
    draw();
    setTimeout(() => noWorkspace && tryKey(key), AGENTS_INTERVAL);
    return;
  }
  options($("workspace"), workspaces.map(({ id, name: called }) => [id, named(called, id)]), sessionStorage.getItem("workspace") ?? "");
  for (const id of ["workspace-control", "board"]) $(id).hidden = false;
  follow(key);
}

function follow(key) {
  api?.stop();
  api = new Api(key, { language: () => language, onUnauthorized: () => signOut("bad_key") });
  const mine = new Board(api, $("workspace").value, () => (dirty = true));
  board = mine;
  clearDrawn();
  connection = "connecting";
  sessionStorage.setItem("workspace", $("workspace").value);
  // `onUnauthorized` handles 401. 403: the key may not read this workspace; 404: the workspace was deleted.
  const onFailure = ({ status }) => {
    // Another workspace was chosen meanwhile.
    if (mine !== board) return;
    if (status === 403) signOut("bad_key");
    if (status === 404) tryKey(key);
  };
  const onState = (now) => {
    if (mine !== board) return;
    connection = now;
    dirty = true;
  };
  api.follow($("workspace").value, {
    onState,
    onFact: (fact) => mine.applyFact(fact),
    onStart: () => load(mine, onFailure),
  }).catch(onFailure);
  draw();
}

// Read what the stream will not send: everything up to now. Retries while the server cannot be reached.
function load(mine, onFailure) {
  const retry = (error) => (error.status === 401 ? null : setTimeout(() => mine === board && load(mine, onFailure), AGENTS_INTERVAL));
  mine.load().then(fillFilters).then(openFromHash).catch(retry);
}

function signOut(reason = null) {
  api?.stop();
  [api, board, connection, noWorkspace] = [null, null, "", false];
  sessionStorage.removeItem("key");
  for (const id of ["workspace-control", "leave", "board"]) $(id).hidden = true;
  $("enter").hidden = false;
  $("refused").textContent = reason ? word(reason) : "";
  $("key").value = "";
  $("key").focus();
  draw();
}

async function tryKey(key) {
  $("refused").textContent = "";
  try {
    await signIn(key);
  } catch (error) {
    signOut(error.status === 401 ? "bad_key" : error.status === undefined && error instanceof TypeError ? "unreachable" : null);
    if (!$("refused").textContent) $("refused").textContent = error.message;
  }
}

$("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  tryKey($("key").value.trim());
});
$("leave").addEventListener("click", () => signOut());
$("detail-close").addEventListener("click", () => {
  history.replaceState(null, "", location.pathname);
  openFromHash();
});
addEventListener("hashchange", openFromHash);

// Show the conversation that the address names with its messages.
function openFromHash() {
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
$("language").addEventListener("change", (event) => changeLanguage(event.target.value));
$("workspace").addEventListener("change", () => follow(sessionStorage.getItem("key")));
for (const id of ["by-status", "by-team"]) {
  $(id).addEventListener("change", () => {
    rowLimit = PAGE_SIZE;
    board?.readMatching($("by-status").value, $("by-team").value).catch(() => {});
    draw();
  });
}
$("more").addEventListener("click", () => {
  rowLimit += PAGE_SIZE;
  draw();
});
$("by-text").addEventListener("input", draw);
setInterval(() => (dirty || Date.now() % 1000 < DRAW_INTERVAL) && ((dirty = false), draw()), DRAW_INTERVAL);
setInterval(() => document.hidden || board?.readOverview().catch(() => {}), OVERVIEW_INTERVAL);
setInterval(() => document.hidden || board?.readSetup().catch(() => {}), AGENTS_INTERVAL);
setInterval(() => document.hidden || board?.readAgents().catch(() => {}), AGENTS_INTERVAL);
setInterval(() => document.hidden || board?.readLetters().catch(() => {}), LETTERS_INTERVAL);

changeLanguage(preferred());
const storedKey = sessionStorage.getItem("key");
if (storedKey) tryKey(storedKey);
