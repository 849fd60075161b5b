// The chat itself: the panel, what is unread, and what is on its way.

import { dressed, h, icon } from "./elements.js";
import { Files, shownFiles } from "./files.js";
import { Lines } from "./lines.js";
import { Memory, uuid } from "./memory.js";
import { Reach } from "./reach.js";
import { Refused, Server } from "./server.js";
import { CSS } from "./style.js";
import { Times, named } from "./text.js";
import { TEXTS, directionOf, filled, languageOf } from "./words.js";

const waiting = window.pasokhChat;
const { given, here } = waiting;
const isPage = given.page !== undefined;
const query = new URLSearchParams(isPage ? location.search : "");
const language = languageOf([given.lang, query.get("lang"), isPage ? "" : document.documentElement.lang]);
const t = TEXTS[language];
const base = new URL(`${given.workspace}/${given.account}`, here).href;
const memory = new Memory(`pasokh/${base}/${given.userId || ""}/`);
const who = Object.assign(
  { language },
  given.name ? { name: given.name } : {},
  given.userId ? { identity: { user_id: given.userId, user_hash: given.userHash || "" } } : {},
);
const server = new Server(base, memory, who, query.get("handoff"));
const times = new Times(language, t, filled);
const number = new Intl.NumberFormat(language);
const answers = new Map();
let following = false;
let flushing = false;

// --- What is on its way -------------------------------------------------------------------------------------------------

function unsent() {
  return memory.names("unsent/").map((name) => memory.read(name)).filter(Boolean).sort((a, b) => a.at - b.at);
}

// Of all tabs one sends, one message at a time and in order; a message keeps its id, and the server takes an id once.
async function flush() {
  if (flushing) return;
  flushing = true;
  try {
    if (unsent().some((one) => !one.refused)) await memory.exclusively("sending", sendAll);
    if (following) showNotice("");
  } finally {
    flushing = false;
  }
  // A message may have been written after `sendAll` looked for the last time.
  if (unsent().some((one) => !one.refused)) void flush();
}
async function sendAll() {
  for (let next; (next = unsent().find((one) => !one.refused)); ) {
    try {
      showMessage(await server.send(next));
      memory.remove(`unsent/${next.id}`);
      showNotice("");
    } catch (error) {
      if (error instanceof Refused) {
        const refused = Object.assign({}, next, { refused: true });
        memory.write(`unsent/${next.id}`, refused);
        lines.addUnsent(refused);
      } else {
        showNotice(error.status === 429 || error.status === 503 ? t.busy : t.offline);
        await server.pause(error.after || 2);
      }
    }
  }
}
function submitMessage(text, chosen) {
  const message = { id: uuid(), text, files: chosen, at: Date.now() };
  memory.write(`unsent/${message.id}`, message);
  lines.addUnsent(message);
  lines.toEnd();
  void follow();
  void flush();
}
function retry(message) {
  const fresh = Object.assign({}, message, { refused: false });
  memory.write(`unsent/${message.id}`, fresh);
  lines.addUnsent(fresh);
  void flush();
}

async function follow() {
  if (following) return;
  following = true;
  for (let tries = 0; ; tries += 1) {
    let busy = false;
    try {
      await server.readStream(showMessage, () => {
        tries = 0;
        showNotice("");
        void flush();
      });
    } catch (error) {
      if (error instanceof Refused && error.status !== 422) {
        showNotice(t.closed);
        following = false;
        return;
      }
      if (error instanceof Refused) server.position = null;
      busy = error.status === 429 || error.status === 503;
    }
    if (tries > 0) showNotice(busy ? t.busy : t.offline);
    await server.pause(Math.min(15, 2 ** Math.min(tries, 4)) * (0.5 + Math.random() / 2));
  }
}

// --- What is unread -----------------------------------------------------------------------------------------------------

function showMessage(message) {
  const isNew = lines.addStored(message);
  if (message.direction === "inbound") {
    memory.remove(`unsent/${message.platform_id}`);
    return;
  }
  answers.set(message.id, message.received_at);
  if (isNew && isUnread(message.received_at)) {
    announcement.textContent = `${named(message.author.name, t.agent)} ${t.says}: ${message.text || message.attachments.map((file) => file.name || t.file).join(", ")}`;
  }
  if (isSeen()) read();
  else count();
}
function isSeen() {
  return !panel.hidden && document.visibilityState === "visible";
}
function isUnread(receivedAt) {
  return receivedAt > (memory.read("seen") || "");
}
// All tabs know what was read in one of them.
function read() {
  const newest = Array.from(answers.values()).sort().pop();
  if (newest && isUnread(newest)) memory.write("seen", newest);
  count();
}
function count() {
  const unread = Array.from(answers.values()).filter(isUnread).length;
  badge.hidden = !unread;
  badge.textContent = !unread ? "" : unread > 99 ? `${number.format(99)}+` : number.format(unread);
  launcher.setAttribute("aria-label", unread ? `${t.open}. ${t.news}: ${number.format(unread)}` : t.open);
}

// --- The panel ----------------------------------------------------------------------------------------------------------

const title = given.title || t.title;
const isMoved = Boolean(query.get("handoff") || (isPage && server.session && server.session.handoff));
const lines = new Lines(t, times, language, isMoved ? t.moved : t.hello, retry, (message) => shownFiles(server, t, message));
const files = new Files(server, t, (count) => number.format(count), onFiles);
const reach = new Reach(server, memory, t, times, (status) => files.limit(status.max_file_bytes), () => showNotice(t.closed));
const notice = h("p", { class: "notice", role: "status", hidden: true });
const announcement = h("div", { class: "heard", role: "status", "aria-live": "polite" });
const box = h("textarea", {
  rows: "1", maxlength: "10000", placeholder: t.write, "aria-label": t.write, enterkeyhint: "send", keydown: onKey, input: onInput,
});
const form = h("form", { class: "write", submit: onSubmit, paste: onPaste }, files.list, files.input, files.button, box,
  h("button", { type: "submit", class: "send", "aria-label": t.send, title: t.send }, icon("M4 12h14M12 5l7 7-7 7")));
const closing = h("button", { type: "button", "aria-label": t.close, title: t.close, click: close }, icon("M6 6l12 12M18 6L6 18"));
const panel = h("section", {
  class: "panel", id: "panel", role: isPage ? "main" : "dialog", "aria-modal": isPage ? null : "true", "aria-label": title,
  hidden: !isPage, keydown: onPanelKey,
}, h("header", {}, h(isPage ? "h1" : "h2", { dir: "auto" }, title), closing), notice, lines.log, reach.element, form);
const badge = h("span", { class: "badge", hidden: true, "aria-hidden": "true" });
const launcher = h("button", {
  class: "launcher", type: "button", "aria-label": t.open, "aria-haspopup": "dialog", "aria-expanded": "false",
  "aria-controls": "panel", click: () => (panel.hidden ? open() : close()),
}, icon("M4 5h16v11H10l-5 4v-4H4z"), badge);
const root = h(isPage ? "div" : "aside", {
  class: isPage ? "root page open" : "root", "aria-label": isPage ? null : title, dir: directionOf(language), lang: language,
}, panel, launcher, announcement);

// An empty box has no text to tell its direction by: it is the language's, so that the hint stands right.
function setBoxDirection() {
  box.dir = box.value ? "auto" : root.dir;
}
function onInput() {
  memory.writeForTab("draft", box.value);
  setBoxDirection();
}
function onKey(event) {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  onSubmit(event);
}
function onSubmit(event) {
  event.preventDefault();
  const text = box.value.trim();
  box.focus();
  // Enter while a file is on its way sends nothing: text and files are one message.
  if (files.isUploading || (!text && !files.waiting.some((one) => one.stored))) return;
  box.value = "";
  onInput();
  submitMessage(text, files.take());
}
function onFiles() {
  form.setAttribute("aria-busy", String(files.isUploading));
}
function onPaste(event) {
  const pasted = Array.from((event.clipboardData || {}).files || []);
  if (!pasted.length) return;
  event.preventDefault();
  files.add(pasted);
}
function onPanelKey(event) {
  if (isPage) return;
  if (event.key === "Escape") {
    event.stopPropagation();
    close();
  }
  if (event.key !== "Tab") return;
  const stops = Array.from(panel.querySelectorAll("button, textarea, input, a[href], [tabindex='0']")).filter((one) => one.offsetParent !== null);
  const at = stops.indexOf(panel.getRootNode().activeElement);
  const next = event.shiftKey ? at - 1 : at + 1;
  if (next >= 0 && next < stops.length) return;
  event.preventDefault();
  stops[event.shiftKey ? stops.length - 1 : 0].focus();
}
function open() {
  reveal();
  box.focus();
}
function reveal() {
  panel.hidden = false;
  root.classList.add("open");
  launcher.setAttribute("aria-expanded", "true");
  memory.writeForTab("open", "yes");
  read();
  lines.toEnd();
  reach.pollStatus();
  // A visitor who has not written yet has no session: the first message opens one.
  if (server.session || server.handoff || given.userId || unsent().length) void follow();
}
function close() {
  panel.hidden = true;
  root.classList.remove("open");
  launcher.setAttribute("aria-expanded", "false");
  memory.writeForTab("open", "");
  reach.stopPolling();
  launcher.focus();
}
function showNotice(text) {
  notice.hidden = !text;
  if (notice.textContent !== text) notice.textContent = text;
}

// --- Beginning ----------------------------------------------------------------------------------------------------------

function colours() {
  const wished = given.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  root.classList.toggle("dark", wished === "dark");
}
// Another tab wrote a message, sent one, read answers or opened the session.
function onStorageChange(name) {
  if (name === null || name === "session") {
    server.position = null;
    if (server.session) void follow();
    server.wake();
  } else if (name === "seen") count();
  else if (name === "email") reach.showContact();
  else if (name.startsWith("unsent/") && memory.read(name)) lines.addUnsent(memory.read(name));
}
function start() {
  const host = h("div", { id: "pasokh-chat" });
  const shadow = host.attachShadow({ mode: "open" });
  dressed(shadow, CSS, here);
  shadow.append(root);
  document.body.append(host);
  box.value = memory.readForTab("draft");
  setBoxDirection();
  colours();
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  if (scheme.addEventListener) scheme.addEventListener("change", colours);
  else scheme.addListener(colours);
  addEventListener("online", () => server.wake());
  addEventListener("offline", () => showNotice(t.offline));
  document.addEventListener("visibilitychange", () => isSeen() && read());
  memory.watch(onStorageChange);
  // A visitor of an earlier version has read what was there.
  if (server.session && memory.read("seen") === undefined) memory.write("seen", new Date().toISOString());
  server.onLinkUsed = () => {
    // Nobody who looks over a shoulder or at the history shall find the link's token.
    history.replaceState(null, "", location.pathname);
  };
  for (const message of unsent()) lines.addUnsent(message);
  if (isPage) {
    document.documentElement.lang = language;
    document.documentElement.dir = root.dir;
    document.title = title;
  }
  if (isPage || waiting.started()) open();
  else if (memory.readForTab("open")) reveal();
  else if (server.session || unsent().length) void follow();
  window.pasokhChat = { open, close };
}
if (document.body) start();
else addEventListener("DOMContentLoaded", start);
