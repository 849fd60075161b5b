// The cards beside the figures: setup steps, accounts, webhook subscriptions, and one conversation in detail.

import { accountName, healthBadge } from "./accounts.js";
import { $, code, empty, h, name, named, plain, show, table } from "./elements.js";
import { number, sentence, time, word } from "./words.js";

const MAX_MESSAGES = 12;

const command = (path, body) => h("pre", { class: "code", dir: "ltr", tabindex: "0" }, body ? `PUT ${path}\n${JSON.stringify(body)}` : `PUT ${path}`);

// The steps that are left until the workspace works; the card is hidden when there are none.
export function drawSetup(board, noWorkspace) {
  const steps = noWorkspace ? [["todo_workspace", "/v1/workspaces/shop", { name: "My shop", languages: ["en"] }]] : board?.accounts ? setupSteps(board) : [];
  $("setup-card").hidden = !steps.length;
  show("setup", JSON.stringify(steps), () => h("ol", { class: "steps" }, ...steps.map(stepItem)));
}

function setupSteps(board) {
  const { accounts, agents, base, warnings } = board;
  const steps = [];
  if (!accounts.length) steps.push(["todo_account", `${base}/accounts/telegram/main`, { credentials: { bot_token: "…", secret_token: "…" } }]);
  if (!agents.length) steps.push(["todo_agent", `${base}/agents/sara`, { name: "Sara", teams: ["default"], skills: { "lang:en": 5 } }]);
  else if (!agents.some(({ presence }) => presence === "online")) steps.push(["todo_online", `${base}/agents/${agents[0].id}/presence`, { status: "online" }]);
  for (const { detail } of warnings) steps.push(["todo_rule", null, detail]);
  return steps;
}

const stepItem = ([step, path, body]) => h("li", {}, h("p", {}, word(step)), path ? command(path, body) : sentence(body));

export function drawAccounts({ accounts }) {
  if (!accounts) return;
  show("accounts", JSON.stringify(accounts), () =>
    accounts.length ? table("accounts", ["account", "health", "last_webhook", "last_sent", "last_refused"], accounts.map(accountCells)) : empty("no_accounts"),
  );
}

function accountCells({ id, channel, name: called, health }) {
  const when = (at) => (at ? h("time", { datetime: at }, time(at)) : "–");
  const refusal = health?.last_refusal;
  return [
    accountName(channel, id, called),
    health ? h("span", { class: "stacked" }, healthBadge(health), health.detail ? sentence(health.detail) : null) : "–",
    when(health?.last_webhook_at),
    when(health?.last_sent_at),
    health?.last_refused_at ? h("span", { class: "stacked" }, when(health.last_refused_at), refusal ? sentence(refusal.detail || refusal.code) : null) : "–",
  ];
}

export function drawWebhooks({ webhooks }, now) {
  if (!webhooks) return;
  const later = (at) => Boolean(at) && Date.parse(at) > now;
  show("webhooks", JSON.stringify(webhooks.map((one) => [one, later(one.paused_until)])), () => {
    if (!webhooks.length) return empty("no_webhooks");
    const rows = webhooks.map((one) => [
      name(one.id, one.id),
      code(one.host),
      one.queued_more ? word("more", { count: number(one.queued) }) : number(one.queued),
      h("span", { class: `badge ${one.disabled || one.failing ? "urgent" : ""}` }, webhookState(one, later(one.paused_until))),
    ]);
    return table("webhooks", ["webhook", "host", "queued", "state"], rows);
  });
}

function webhookState({ disabled, failing, paused_until: until }, isLater) {
  if (disabled) return word("hook_disabled");
  if (!failing) return word("hook_ok");
  return isLater ? word("hook_failing", { when: time(until) }) : word("hook_failing_now");
}

export function drawDetail(board) {
  const { detail } = board;
  $("detail-card").hidden = !detail;
  if (!detail) return;
  const messages = detail.messages?.map(({ id, state }) => [id, state]);
  show("detail", JSON.stringify([detail.id, detail.missing, detail.conversation, messages, detail.decision, detail.clocks, board.names.get(detail.conversation?.person)]), () => {
    if (detail.missing) return empty("missing");
    return detail.conversation ? detailContent(board, detail) : empty("loading");
  });
}

function detailContent(board, { conversation: one, messages, decision, clocks }) {
  const agent = one.agent ? name(board.agents.find(({ id }) => id === one.agent)?.name, one.agent) : "–";
  const facts = [
    ["customer", h("span", { class: "customer" }, name(board.names.get(one.person), plain(one.person)), h("span", { class: "quiet" }, code(one.person)))],
    ["status", h("span", { class: `badge ${one.status}` }, word(one.status))],
    ["team", name(board.teamName(one.team), one.team)],
    ["agent", agent],
    ["opened", h("time", { datetime: one.opened_at }, time(one.opened_at))],
    ["decision", sentence(decision?.summary)],
    ["clocks_of", clocks.length ? h("span", { class: "stacked" }, ...clocks.map(clockLine)) : "–"],
  ];
  return [
    h("dl", { class: "facts" }, ...facts.map(([label, value]) => h("div", {}, h("dt", {}, word(label)), h("dd", {}, value)))),
    h("h3", {}, word("latest_messages")),
    h("ol", { class: "said", tabindex: "0", "aria-label": word("latest_messages") }, ...messages.slice(-MAX_MESSAGES).map(line)),
  ];
}

const clockLine = (clock) =>
  h("span", { class: clock.state === "breached" ? "late" : "" }, `${word(clock.metric)}: ${word(clock.state)} · `, h("time", { datetime: clock.due_at }, time(clock.due_at)));

function line({ direction, author, text, received_at: at }) {
  const who = named(author.name, word(direction));
  return h("li", { class: direction }, h("span", { class: "quiet" }, h("bdi", {}, who), " · ", h("time", { datetime: at }, time(at))), h("p", { dir: "auto" }, plain(text) || word("no_text")));
}
