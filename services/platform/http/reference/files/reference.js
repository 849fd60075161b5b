// Lists the routes of /openapi.json; nothing is asked of any other place.

import { h, prose, reader } from "./schema.js";

const METHODS = ["get", "put", "post", "delete"];
const $ = (id) => document.getElementById(id);
const shown = [];

function operations(whole) {
  return Object.entries(whole.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => ({
      path,
      method,
      group: item[method].tags?.[0] ?? "other",
      parameters: [...(item.parameters ?? []), ...(item[method].parameters ?? [])],
      ...item[method],
    })),
  );
}

function anchor({ method, path }) {
  return `${method}${path.replace(/[^a-z0-9]+/gi, "-")}`.replace(/-$/, "");
}

function drawn(read, operation) {
  const head = h(
    "summary",
    {},
    h("span", { class: `method ${operation.method}` }, operation.method.toUpperCase()),
    h("code", {}, operation.path),
    h("span", { class: "quiet" }, operation.summary),
  );
  const route = h("details", { class: "route", id: anchor(operation) }, head);
  // Drawn when it is looked at: the whole of it at once is slow to lay out on a phone.
  route.addEventListener("toggle", () => route.childElementCount > 1 || route.append(body(read, operation)), { once: true });
  return route;
}

function body(read, operation) {
  return h(
    "div",
    {},
    operation.description ? h("p", {}, prose(operation.description)) : null,
    h("p", { class: "quiet" }, needs(operation)),
    parameters(read, operation),
    asked(read, operation),
    h("h3", {}, "Answers"),
    h("dl", {}, Object.entries(operation.responses).flatMap(([status, answer]) => answered(read, status, answer))),
    h("h3", {}, "Example"),
    h("pre", {}, curl(operation)),
  );
}

function needs({ security }) {
  const names = (security ?? []).flatMap((one) => Object.keys(one));
  return names.length ? `Needs Authorization: Bearer (${names.join(", ")}).` : "Needs no key.";
}

function parameters(read, operation) {
  if (!operation.parameters.length) return null;
  const rows = operation.parameters.map((one) =>
    h(
      "li",
      {},
      h("code", { class: "name" }, one.name + (one.required ? "*" : "")),
      " ",
      h("span", { class: "kind" }, `${one.in}: ${read.kind(one.schema ?? {})}`),
      " ", prose(one.description),
    ),
  );
  return [h("h3", {}, "Parameters"), h("ul", { class: "fields" }, rows)];
}

function asked(read, { requestBody }) {
  if (!requestBody) return null;
  return Object.entries(requestBody.content).flatMap(([media, { schema }]) => [
    h("h3", {}, `Body, ${media}${requestBody.required ? "" : ", may be left out"}`),
    h("p", { class: "kind" }, read.kind(schema)),
    read.resolved(schema).description ? h("p", {}, prose(read.resolved(schema).description)) : null,
    ...read.fields(schema),
  ]);
}

function answered(read, status, answer) {
  const headers = Object.keys(answer.headers ?? {});
  const told = Object.entries(answer.content ?? {}).flatMap(([media, { schema }]) => {
    const line = h("span", { class: "kind" }, `${media}${schema ? `: ${read.kind(schema)}` : ""}`);
    const below = schema && status < "300" ? read.fields(schema) : [];
    return below.length ? h("details", { class: "more" }, h("summary", {}, line), below) : line;
  });
  const named = headers.length ? h("p", { class: "kind" }, `headers: ${headers.join(", ")}`) : null;
  return [h("dt", {}, h("code", {}, status), " ", prose(answer.description)), h("dd", {}, told, named)];
}

function curl(operation) {
  const address = location.origin + operation.path.replaceAll("{", "$").replaceAll("}", "");
  const lines = [`curl -X ${operation.method.toUpperCase()} "${address}"`];
  if (operation.security) lines.push('-H "Authorization: Bearer $KEY"');
  if (operation.requestBody) lines.push('-H "Content-Type: application/json" -d @body.json');
  return lines.join(" \\\n  ");
}

function sift() {
  const words = $("wanted").value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const { element, text } of shown) {
    element.hidden = !words.every((word) => text.includes(word));
    count += element.hidden ? 0 : 1;
  }
  for (const section of $("routes").children) section.hidden = !section.querySelector(".route:not([hidden])");
  $("found").textContent = `${count} of ${shown.length} routes`;
}

function open() {
  const route = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (route?.matches(".route")) route.open = true;
  route?.scrollIntoView();
}

function show(whole) {
  const read = reader(whole);
  const groups = grouped(operations(whole));
  $("title").textContent = whole.info.title;
  $("version").textContent = whole.info.version;
  $("about").append(...prose(whole.info.description));
  for (const [group, all] of groups) {
    const id = `group-${group.replace(/\W+/g, "-")}`;
    const routes = all.map((operation) => drawn(read, operation));
    all.forEach((one, n) => shown.push({ element: routes[n], text: text(one) }));
    $("groups").append(h("a", { href: `#${id}` }, group));
    $("routes").append(h("section", { "aria-labelledby": id }, h("h2", { id }, group), routes));
  }
  sift();
  open();
}

function text({ method, path, summary, description, group }) {
  return [method, path, summary, description, group].join(" ").toLowerCase();
}

function grouped(all) {
  const found = new Map();
  for (const one of all) found.set(one.group, [...(found.get(one.group) ?? []), one]);
  return found;
}

async function start() {
  try {
    const answer = await fetch("/openapi.json");
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    show(await answer.json());
  } catch (error) {
    $("failed").hidden = false;
    $("failed").textContent = `The routes could not be read: ${error.message}. Load the page again.`;
  }
}

$("wanted").addEventListener("input", sift);
addEventListener("hashchange", open);
start();
