// The ledger of each account: what came in, and what became of it.

import { accountName, healthBadge } from "./accounts.js";
import { empty, h, show, table } from "./elements.js";
import { number, sentence, word } from "./words.js";

const TERMS = ["received", "published", "rejected", "failed", "new", "duplicates", "refetched", "dead_lettered", "on_its_way"];

export function drawLedgers({ accounts, ledgers }) {
  if (!accounts || !ledgers) return;
  const states = new Map(accounts.map((one) => [`${one.channel}/${one.id}`, one]));
  const rows = ledgers.map((ledger) => [ledger, states.get(`${ledger.channel}/${ledger.account}`)]);
  show("ledgers", JSON.stringify(rows.map(([ledger, account]) => [ledger, account?.name, account?.health?.state])), () => {
    if (!rows.length) return empty("no_accounts");
    const columns = ["account", "health", ...TERMS.map((term) => `ledger_${term}`), "balance"];
    return [table("ledgers", columns, rows.map(ledgerCells)), h("p", { class: "quiet" }, word("ledgers_said"))];
  });
}

const ledgerCells = ([ledger, account]) => [
  accountName(ledger.channel, ledger.account, account?.name),
  account?.health ? healthBadge(account.health) : "–",
  ...TERMS.map((term) => h("span", { class: "figure" }, number(ledger[term]))),
  balance(ledger),
];

function balance({ since, balances, detail }) {
  if (!balances) return h("span", { class: "stacked" }, h("span", { class: "badge urgent" }, word("unbalanced")), sentence(detail));
  return h("span", { class: "badge" }, word(since ? "balanced" : "nothing_came_in"));
}
