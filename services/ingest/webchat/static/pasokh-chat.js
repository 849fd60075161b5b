/* Pasokh web chat: one file, no framework, nothing on the page but window.pasokhChat.
 *
 *   <script src="https://support.example/webchat/pasokh-chat.js" async
 *           data-workspace="shop" data-account="main"></script>
 *
 * Further attributes: data-lang (fa, ar, lv, en), data-theme (light, dark), data-title, data-name; for customers that
 * are signed in data-user-id and data-user-hash, which the shop's server makes. Licence: Apache-2.0.
 */
(() => {
  "use strict";

  const TEXTS = {
    en: {
      title: "Chat with us", open: "Open chat", close: "Close chat", log: "Conversation", write: "Your message",
      send: "Send", hello: "Hello! Write to us; we answer here.", you: "You", agent: "Support",
      moved: "This is a private chat: only you and our support can read it. Write a message to go on.",
      sending: "Sending…", failed: "Not sent", again: "Try again", hidden: "Private details were hidden for your safety.",
      offline: "No connection. What you write is sent as soon as it is back.", news: "unread messages", says: "says",
      closed: "This chat is not available now.",
    },
    fa: {
      title: "گفتگو با ما", open: "باز کردن گفتگو", close: "بستن گفتگو", log: "گفتگو", write: "پیام شما",
      send: "فرستادن", hello: "سلام! برای ما بنویسید؛ همین‌جا پاسخ می‌دهیم.", you: "شما", agent: "پشتیبانی",
      moved: "این گفتگو خصوصی است و فقط شما و پشتیبانی آن را می‌بینید. برای ادامه پیامی بنویسید.",
      sending: "در حال فرستادن…", failed: "فرستاده نشد", again: "دوباره", hidden: "برای امنیت شما، اطلاعات خصوصی پنهان شد.",
      offline: "اتصال برقرار نیست. نوشته‌های شما پس از اتصال فرستاده می‌شود.", news: "پیام خوانده‌نشده", says: "می‌گوید",
      closed: "این گفتگو اکنون در دسترس نیست.",
    },
    ar: {
      title: "تحدّث معنا", open: "فتح المحادثة", close: "إغلاق المحادثة", log: "المحادثة", write: "رسالتك",
      send: "إرسال", hello: "مرحبًا! اكتب لنا وسنجيبك هنا.", you: "أنت", agent: "الدعم",
      moved: "هذه محادثة خاصة لا يقرؤها سواك وفريق الدعم. اكتب رسالة للمتابعة.",
      sending: "جارٍ الإرسال…", failed: "لم تُرسل", again: "أعد المحاولة", hidden: "أُخفيت بيانات خاصة حفاظًا على سلامتك.",
      offline: "لا يوجد اتصال. سيُرسل ما تكتبه فور عودته.", news: "رسائل غير مقروءة", says: "يقول",
      closed: "هذه المحادثة غير متاحة الآن.",
    },
    lv: {
      title: "Tērzējiet ar mums", open: "Atvērt tērzēšanu", close: "Aizvērt tērzēšanu", log: "Saruna", write: "Jūsu ziņa",
      send: "Sūtīt", hello: "Labdien! Rakstiet mums; atbildēsim šeit.", you: "Jūs", agent: "Atbalsts",
      moved: "Šī ir privāta saruna: to redz tikai jūs un atbalsta komanda. Uzrakstiet ziņu, lai turpinātu.",
      sending: "Sūta…", failed: "Nav nosūtīts", again: "Mēģināt vēlreiz", hidden: "Jūsu drošībai privātā informācija ir paslēpta.",
      offline: "Nav savienojuma. Rakstītais tiks nosūtīts, tiklīdz tas atjaunosies.", news: "nelasītas ziņas", says: "saka",
      closed: "Šī tērzēšana pašlaik nav pieejama.",
    },
  };
  const RIGHT_TO_LEFT = new Set(["fa", "ar"]);

  const CSS = `
:host { all: initial; }
*, *::before { box-sizing: border-box; }
.root { --face: #fff; --text: #17212b; --soft: #57636f; --line: #d9dfe5; --back: #f5f7f9; --mine: #0b5c6b;
  --on-mine: #fff; --theirs: #e6ebef; --warn: #8a4b00; --warn-back: #fff4e0; --ring: #0b7285; color-scheme: light;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, Vazirmatn, Tahoma, "Noto Sans Arabic", sans-serif;
  color: var(--text); position: fixed; inset-block-end: 20px; inset-inline-end: 20px; z-index: 2147483000; }
.root.dark { --face: #161d25; --text: #e7edf3; --soft: #a3b0bc; --line: #2d3945; --back: #10161d; --mine: #137a8c;
  --theirs: #26313c; --warn: #ffd494; --warn-back: #3a2b12; --ring: #58c7d8; color-scheme: dark; }
button, textarea { font: inherit; color: inherit; }
button { cursor: pointer; border: 0; background: none; padding: 0; }
:focus-visible { outline: 3px solid var(--ring); outline-offset: 2px; }
[hidden] { display: none !important; }
.launcher { inline-size: 60px; block-size: 60px; border-radius: 50%; background: var(--mine); color: var(--on-mine);
  display: grid; place-items: center; box-shadow: 0 4px 16px #0005; margin-inline-start: auto; position: relative; }
.launcher svg { inline-size: 28px; block-size: 28px; }
.badge { position: absolute; inset-block-start: -4px; inset-inline-end: -4px; min-inline-size: 24px; block-size: 24px;
  border-radius: 12px; background: #c92a2a; color: #fff; font-size: 14px; line-height: 24px; padding-inline: 6px; }
.panel { display: flex; flex-direction: column; inline-size: 380px; block-size: min(600px, calc(100dvh - 120px));
  margin-block-end: 12px; background: var(--face); border: 1px solid var(--line); border-radius: 14px; overflow: hidden;
  box-shadow: 0 10px 36px #0004; }
header { display: flex; align-items: center; gap: 8px; padding: 12px 16px; background: var(--mine); color: var(--on-mine); }
h1 { font-size: 17px; font-weight: 600; margin: 0; flex: 1; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
header button { inline-size: 36px; block-size: 36px; display: grid; place-items: center; border-radius: 8px; }
header button:hover { background: #ffffff2e; }
header :focus-visible { outline-color: #fff; outline-offset: -2px; }
header svg { inline-size: 20px; block-size: 20px; }
.notice { background: var(--warn-back); color: var(--warn); padding: 8px 16px; font-size: 14px; margin: 0; }
.log { flex: 1; overflow-y: auto; overscroll-behavior: contain; background: var(--back); margin: 0; padding: 16px;
  list-style: none; display: flex; flex-direction: column; gap: 10px; }
.log > :first-child { margin-block-start: auto; }
.hello { color: var(--soft); text-align: center; padding-inline: 12px; }
.message { max-inline-size: 84%; align-self: flex-start; }
.message.mine { align-self: flex-end; }
.bubble { background: var(--theirs); padding: 8px 13px; border-radius: 14px; border-end-start-radius: 4px;
  white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; unicode-bidi: plaintext; text-align: start; }
.mine .bubble { background: var(--mine); color: var(--on-mine); border-radius: 14px; border-end-end-radius: 4px; }
.waiting .bubble { opacity: .7; }
.meta { font-size: 12.5px; color: var(--soft); margin: 2px 4px 0; display: flex; flex-wrap: wrap; gap: 0 8px; }
.mine .meta { justify-content: flex-end; }
.meta button { text-decoration: underline; color: var(--text); padding-inline: 4px; }
.unsent { color: #c92a2a; font-weight: 600; }
.dark .unsent { color: #ff9d9d; }
form { display: flex; gap: 8px; align-items: flex-end; padding: 10px; border-block-start: 1px solid var(--line);
  background: var(--face); padding-block-end: max(10px, env(safe-area-inset-bottom)); }
textarea { flex: 1; min-inline-size: 0; resize: none; border: 1px solid var(--line); border-radius: 10px; padding: 9px 12px;
  background: var(--back); max-block-size: 132px; field-sizing: content; line-height: 1.4; }
textarea:focus-visible { outline-width: 2px; outline-offset: -1px; }
textarea::placeholder { color: var(--soft); opacity: 1; }
form button { inline-size: 44px; block-size: 44px; border-radius: 10px; background: var(--mine); color: var(--on-mine);
  display: grid; place-items: center; flex: none; }
form svg { inline-size: 22px; block-size: 22px; }
[dir=rtl] form svg { transform: scaleX(-1); }
.heard { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.page { position: static; block-size: 100dvh; display: grid; place-items: center; padding: 24px; }
.page .panel { inline-size: min(720px, 100%); block-size: 100%; margin: 0; }
.page .launcher, .page header button { display: none; }
@media (max-width: 480px) {
  .open:not(.page) { inset: 0; } .open .launcher { display: none; }
  .panel, .page .panel { inline-size: 100%; block-size: 100dvh; margin: 0; border: 0; border-radius: 0; }
  .page { padding: 0; }
}
@media (prefers-reduced-motion: no-preference) { .panel { animation: rise .16s ease-out; } }
@keyframes rise { from { transform: translateY(12px); opacity: 0; } }
@media (forced-colors: active) { .bubble, .launcher, form button { border: 1px solid; } }`;

  const script = document.currentScript;
  const given = script.dataset;
  const query = new URLSearchParams(given.page === undefined ? "" : location.search);
  const language = pickLanguage();
  const t = TEXTS[language];
  const base = new URL(`${given.workspace}/${given.account}`, new URL(".", script.src)).href;
  const shelf = `pasokh/${base}/${given.userId || ""}/`;
  const memory = new Map();

  function pickLanguage() {
    const wished = [given.lang, query.get("lang"), given.page === undefined && document.documentElement.lang];
    const known = [...wished, ...navigator.languages].map((one) => String(one || "").slice(0, 2).toLowerCase());
    return known.find((one) => one in TEXTS) || "en";
  }

  // --- What is remembered: the session, and each unsent message under a key of its own, so that tabs lose none. ------

  function keep(name, value) {
    memory.set(shelf + name, value);
    try { localStorage.setItem(shelf + name, JSON.stringify(value)); } catch { /* private mode: this page only */ }
  }
  function kept(name) {
    try { return JSON.parse(localStorage.getItem(shelf + name)) ?? memory.get(shelf + name); } catch { return memory.get(shelf + name); }
  }
  function forget(name) {
    memory.delete(shelf + name);
    try { localStorage.removeItem(shelf + name); } catch { /* the same */ }
  }
  function unsent() {
    let names = [...memory.keys()];
    try { names = [...new Set([...names, ...Object.keys(localStorage)])]; } catch { /* the same */ }
    return names.filter((one) => one.startsWith(`${shelf}unsent/`)).map((one) => kept(one.slice(shelf.length)))
      .filter(Boolean).sort((a, b) => a.at - b.at);
  }
  // Browsers make UUIDs on https pages only.
  function uuid() {
    if (crypto.randomUUID) return crypto.randomUUID();
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  }

  // --- Talking to the server ------------------------------------------------------------------------------------------

  const SILENCE = 45_000;
  let session = kept("session");
  let opening = null;
  let following = false;
  let flushing = false;
  let place = null;
  const sleepers = new Set();

  class Late extends Error {
    constructor(after) { super("late"); this.after = after; }
  }
  class Refused extends Error {
    constructor(status) { super(String(status)); this.status = status; }
  }

  async function asked(path, options = {}) {
    let answer;
    try {
      answer = await fetch(base + path, { cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer", ...options });
    } catch { throw new Late(0); }
    if (answer.ok) return answer;
    if (answer.status === 408 || answer.status === 429 || answer.status >= 500) throw new Late(Number(answer.headers.get("Retry-After")) || 1);
    throw new Refused(answer.status);
  }
  function posted(body, headers = {}) {
    return { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json", ...headers } };
  }
  async function newSession(handoff) {
    const body = { language };
    if (given.name) body.name = given.name;
    if (given.userId) body.identity = { user_id: given.userId, user_hash: given.userHash || "" };
    if (handoff) body.handoff = handoff;
    const made = await (await asked("/sessions", posted(body))).json();
    session = { token: made.token, handoff };
    keep("session", session);
  }
  async function openSession() {
    const handoff = query.get("handoff");
    if (session && (!handoff || session.handoff === handoff)) return;
    try {
      await newSession(handoff);
    } catch (error) {
      if (!(handoff && error.status === 401)) throw error;
      query.delete("handoff");
      await newSession(null);
    }
    place = null;
    // Nobody who looks over a shoulder or at the history shall find the link's token.
    if (handoff) history.replaceState(null, "", location.pathname);
    query.delete("handoff");
  }
  function opened() {
    opening = opening || openSession().finally(() => { opening = null; });
    return opening;
  }
  async function authorised(path, options = {}) {
    await opened();
    const used = session;
    const headers = { ...options.headers, Authorization: `Bearer ${used.token}` };
    try {
      return await asked(path, { ...options, headers });
    } catch (error) {
      if (error.status === 401 && session === used) {
        session = null;
        forget("session");
        throw new Late(1);
      }
      throw error;
    }
  }

  function pause(seconds) {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        sleepers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, seconds * 1000);
      sleepers.add(wake);
    });
  }

  async function follow() {
    if (following) return;
    following = true;
    for (let tries = 0; ; tries += 1) {
      try {
        await readStream(() => { tries = 0; });
      } catch (error) {
        if (error instanceof Refused && error.status !== 422) {
          tell(t.closed);
          following = false;
          return;
        }
        if (error instanceof Refused) place = null;
      }
      if (tries > 0) tell(t.offline);
      await pause(Math.min(15, 2 ** Math.min(tries, 4)) * (0.5 + Math.random() / 2));
    }
  }
  async function readStream(arrived) {
    const stop = new AbortController();
    let alarm = 0;
    const listen = () => {
      clearTimeout(alarm);
      alarm = setTimeout(() => stop.abort(), SILENCE);
    };
    try {
      listen();
      await opened();
      let isNew = !place;
      const headers = place ? { "Last-Event-ID": place } : {};
      const reader = (await authorised("/stream", { headers, signal: stop.signal })).body.getReader();
      const decoder = new TextDecoder();
      let text = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        listen();
        text += decoder.decode(value, { stream: true });
        const blocks = text.split("\n\n");
        text = blocks.pop();
        for (const block of blocks) hear(block);
        arrived();
        tell("");
        void flush();
        // Without a place the stream begins now: what was said before is read after it began, so that nothing is lost.
        if (isNew) await load();
        isNew = false;
      }
    } finally {
      clearTimeout(alarm);
      stop.abort();
    }
  }
  function hear(block) {
    let data = "";
    for (const line of block.split("\n")) {
      if (line.startsWith("id: ")) place = line.slice(4);
      if (line.startsWith("data: ")) data += line.slice(6);
    }
    if (data) show(JSON.parse(data), true);
  }
  async function load() {
    let cursor = "";
    do {
      const page = await (await authorised(`/messages?limit=200${cursor && `&cursor=${encodeURIComponent(cursor)}`}`)).json();
      for (const message of page.items) show(message, false);
      cursor = page.next;
    } while (cursor);
  }

  // One at a time and in order; whatever happens, a message keeps its id, and the server takes an id once.
  async function flush() {
    if (flushing) return;
    flushing = true;
    try {
      for (let next; (next = unsent().find((one) => !one.refused)); ) {
        try {
          const answer = await authorised("/messages", posted({ id: next.id, text: next.text }));
          show(await answer.json(), false);
          forget(`unsent/${next.id}`);
        } catch (error) {
          if (error instanceof Refused) {
            keep(`unsent/${next.id}`, { ...next, refused: true });
            showUnsent({ ...next, refused: true });
          } else {
            tell(t.offline);
            await pause(error.after || 2);
          }
        }
      }
      if (following) tell("");
    } finally {
      flushing = false;
    }
  }
  function say(text) {
    const message = { id: uuid(), text, at: Date.now() };
    keep(`unsent/${message.id}`, message);
    showUnsent(message);
    void follow();
    void flush();
  }
  function again(message) {
    const fresh = { ...message, refused: false };
    keep(`unsent/${message.id}`, fresh);
    showUnsent(fresh);
    void flush();
  }

  // --- What is seen ---------------------------------------------------------------------------------------------------

  function h(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === "function") made.addEventListener(name, value);
      else if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
    }
    made.append(...children.filter((one) => one !== null));
    return made;
  }
  function icon(path) {
    const made = (tag, attributes) => {
      const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
      for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
      return node;
    };
    const drawn = made("svg", { viewBox: "0 0 24 24", "aria-hidden": "true", fill: "none", stroke: "currentColor", "stroke-width": "2", "stroke-linecap": "round", "stroke-linejoin": "round" });
    drawn.append(made("path", { d: path }));
    return drawn;
  }

  const isPage = given.page !== undefined;
  const clockTime = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
  const number = new Intl.NumberFormat(language);
  const shown = new Map();
  let unread = 0;

  const title = given.title || t.title;
  const hello = h("li", { class: "hello", dir: "auto" }, query.get("handoff") || (isPage && session?.handoff) ? t.moved : t.hello);
  const log = h("ol", { class: "log", role: "log", "aria-live": "off", "aria-label": t.log, tabindex: "0" }, hello);
  const notice = h("p", { class: "notice", role: "status", hidden: true });
  const heard = h("div", { class: "heard", role: "status", "aria-live": "polite" });
  const box = h("textarea", { rows: "1", maxlength: "10000", placeholder: t.write, "aria-label": t.write, enterkeyhint: "send", keydown: onKey, input: () => direct() });
  const form = h("form", { submit: onSubmit }, box, h("button", { type: "submit", "aria-label": t.send, title: t.send }, icon("M4 12h14M12 5l7 7-7 7")));
  const closing = h("button", { type: "button", "aria-label": t.close, title: t.close, click: close }, icon("M6 6l12 12M18 6L6 18"));
  const panel = h("section", { class: "panel", id: "panel", role: isPage ? "main" : "dialog", "aria-modal": isPage ? null : "true", "aria-label": title, hidden: !isPage, keydown: onPanelKey },
    h("header", {}, h("h1", {}, title), closing), notice, log, form);
  const badge = h("span", { class: "badge", hidden: true, "aria-hidden": "true" });
  const launcher = h("button", { class: "launcher", type: "button", "aria-label": t.open, "aria-haspopup": "dialog", "aria-expanded": "false", "aria-controls": "panel", click: () => (panel.hidden ? open() : close()) },
    icon("M4 5h16v11H10l-5 4v-4H4z"), badge);
  const root = h("div", { class: isPage ? "root page open" : "root", dir: RIGHT_TO_LEFT.has(language) ? "rtl" : "ltr", lang: language }, panel, launcher, heard);

  // An empty box has no text to tell its direction by: it is the language's, so that the hint stands right.
  function direct() {
    box.dir = box.value ? "auto" : root.dir;
  }
  function onKey(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  }
  function onSubmit(event) {
    event.preventDefault();
    const text = box.value.trim();
    box.focus();
    if (!text) return;
    box.value = "";
    direct();
    say(text);
  }
  function onPanelKey(event) {
    if (isPage) return;
    if (event.key === "Escape") {
      event.stopPropagation();
      close();
    }
    if (event.key !== "Tab") return;
    const stops = [...panel.querySelectorAll("button, textarea, [tabindex='0']")];
    const at = stops.indexOf(panel.getRootNode().activeElement);
    const next = event.shiftKey ? at - 1 : at + 1;
    if (next >= 0 && next < stops.length) return;
    event.preventDefault();
    stops.at(event.shiftKey ? -1 : 0).focus();
  }
  function open() {
    panel.hidden = false;
    root.classList.add("open");
    launcher.setAttribute("aria-expanded", "true");
    count(0);
    log.scrollTop = log.scrollHeight;
    box.focus();
    void follow();
  }
  function close() {
    panel.hidden = true;
    root.classList.remove("open");
    launcher.setAttribute("aria-expanded", "false");
    launcher.focus();
  }
  function count(next) {
    unread = next;
    badge.hidden = !next;
    badge.textContent = next ? number.format(next) : "";
    launcher.setAttribute("aria-label", next ? `${t.open}. ${t.news}: ${number.format(next)}` : t.open);
  }
  function tell(text) {
    notice.hidden = !text;
    if (notice.textContent !== text) notice.textContent = text;
  }

  function show(message, isNews) {
    const isMine = message.direction === "inbound";
    const key = isMine ? message.platform_id : message.id;
    if (shown.get(key)?.isStored) return;
    const at = Date.parse(message.received_at);
    const hidden = message.masked.length > 0;
    place_(key, { at, isStored: true, element: bubble({ isMine, text: message.text ?? "", at, who: message.author, hidden }) });
    if (isMine) forget(`unsent/${key}`);
    if (isMine || !isNews) return;
    heard.textContent = `${message.author.name || t.agent} ${t.says}: ${message.text ?? ""}`;
    if (panel.hidden) count(unread + 1);
  }
  function showUnsent(message) {
    place_(message.id, { at: Infinity, since: message.at, element: bubble({ isMine: true, text: message.text, at: message.at, unsent: message }) });
  }
  // By the time of arrival; what is not sent yet stands at the end, in the order it was written.
  function place_(key, one) {
    const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
    shown.get(key)?.element.remove();
    shown.set(key, one);
    const later = [...shown.values()].filter((other) => other !== one && (other.at > one.at || (other.at === one.at && other.since > one.since)));
    later.sort((a, b) => a.at - b.at || a.since - b.since || 0);
    log.insertBefore(one.element, later[0]?.element ?? null);
    if (isAtEnd) log.scrollTop = log.scrollHeight;
  }
  function bubble({ isMine, text, at, who, hidden, unsent: waiting }) {
    const name = isMine ? t.you : who.name || t.agent;
    const time = h("time", { datetime: new Date(at).toISOString() }, clockTime.format(at));
    const state = !waiting ? time : waiting.refused ? h("span", { class: "unsent" }, t.failed) : h("span", {}, t.sending);
    const retry = waiting?.refused ? h("button", { type: "button", click: () => again(waiting) }, t.again) : null;
    return h("li", { class: `message${isMine ? " mine" : ""}${waiting ? " waiting" : ""}` },
      h("span", { class: "heard" }, `${name}: `),
      h("p", { class: "bubble", dir: "auto" }, text),
      h("div", { class: "meta" }, isMine ? null : h("span", {}, name), state, retry, hidden ? h("span", {}, t.hidden) : null));
  }

  // --- Beginning ------------------------------------------------------------------------------------------------------

  function colours() {
    const wished = given.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
    root.classList.toggle("dark", wished === "dark");
  }
  function begin() {
    const host = h("div", { id: "pasokh-chat" });
    const shadow = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
    shadow.adoptedStyleSheets = [sheet];
    shadow.append(root);
    document.body.append(host);
    direct();
    colours();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", colours);
    addEventListener("online", () => sleepers.forEach((wake) => wake()));
    addEventListener("offline", () => tell(t.offline));
    for (const message of unsent()) showUnsent(message);
    if (isPage) {
      document.documentElement.lang = language;
      document.documentElement.dir = root.dir;
      document.title = title;
      open();
    } else if (session || unsent().length) void follow();
    window.pasokhChat = { open, close };
  }
  if (document.body) begin();
  else addEventListener("DOMContentLoaded", begin);
})();
