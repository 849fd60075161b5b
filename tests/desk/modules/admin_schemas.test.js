import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { formOf } from "../../../services/desk/files/admin/forms.js";
import { draftOf, isSame, problemsOf, valueOf } from "../../../services/desk/files/admin/form_values.js";
import * as schemas from "../../../services/desk/files/admin/schemas.js";
import { freeSlug, SLUG, slugOf } from "../../../services/desk/files/admin/slugs.js";

const API = JSON.parse(readFileSync(new URL("../../../schemas/export/openapi.json", import.meta.url))).components.schemas;
const BODIES = { AGENT: "AgentBody", TEAM: "TeamBody", SHOP: "WorkspaceBody", WORKSPACE: "WorkspaceBody", HOURS: "WorkspaceBody", ROUTING: "RoutingBody", SLA: "SlaBody", CANNED: "CannedBody", KEY: "KeyBody", TRIED: "ExplainBody" };

/** The schemas that a schema of the API may be, references followed. */
function alternatives(schema) {
  const found = schema.$ref ? API[schema.$ref.split("/").at(-1)] : schema;
  return found.anyOf ? found.anyOf.flatMap(alternatives) : [found];
}

/** Every part of a form that the API does not take, or takes within other limits. */
function differences(mine, theirs, path) {
  if (mine.title === "Calendar") return alternatives(theirs).some((one) => one.title === "Calendar") ? [] : [`${path}: no calendar`];
  const all = alternatives(theirs);
  const found = [];
  if (mine.properties) {
    const object = all.find((one) => one.properties);
    if (!object) return [`${path}: no object`];
    for (const [name, one] of Object.entries(mine.properties)) {
      if (!(name in object.properties)) found.push(`${path}/${name}: unknown`);
      else found.push(...differences(one, object.properties[name], `${path}/${name}`));
    }
    for (const name of object.required ?? []) if (!(mine.required ?? []).includes(name) && mine !== schemas.HOURS) found.push(`${path}/${name}: needed`);
    return found;
  }
  if (mine.items?.properties) {
    const list = all.find((one) => one.type === "array");
    return list ? differences(mine.items, list.items, `${path}/0`) : [`${path}: no list`];
  }
  const options = mine.items?.enum ?? mine.enum ?? [];
  const known = all.flatMap((one) => one.enum ?? one.items?.enum ?? (one.items ? alternatives(one.items).flatMap((inner) => inner.enum ?? []) : []));
  if (options.length && known.length && !options.every((one) => known.includes(one))) found.push(`${path}: ${options} of ${known}`);
  const numbers = all.find((one) => one.type === "number" || one.type === "integer");
  for (const limit of ["minimum", "maximum"]) {
    if (mine[limit] !== undefined && numbers?.[limit] !== undefined && mine[limit] !== numbers[limit]) found.push(`${path}: ${limit} ${mine[limit]}, ${numbers[limit]} there`);
  }
  const fallback = theirs.default;
  if (fallback !== undefined && (mine.default ?? null) !== null && typeof fallback !== "object" && fallback !== mine.default) found.push(`${path}: default ${mine.default}, ${fallback} there`);
  return found;
}

for (const [name, body] of Object.entries(BODIES)) {
  test(`what the form ${name} asks is what ${body} takes`, () => {
    assert.deepEqual(differences(schemas[name], API[body], ""), []);
  });
}

test("every setting of shop and teams is asked for, those without words of the page as the API describes them", () => {
  for (const [schema, name] of [[schemas.WORKSPACE, "WorkspaceSettings"], [schemas.TEAM, "TeamSettings"]]) {
    const asked = formOf(schemas.withOthers(schema, API[name]), { components: { schemas: API } }).fields.find((one) => one.name === "settings").fields;
    const known = Object.keys(API[name].properties);
    assert.deepEqual(asked.map((one) => one.name).sort(), known.sort());
  }
  const grouped = schemas.GROUPS.flatMap(([, names]) => names);
  assert.deepEqual(grouped.sort(), Object.keys(schemas.WORKSPACE.properties.settings.properties).sort());
  // Without the document of the API, the settings that the page knows are asked for.
  assert.deepEqual(schemas.withOthers(schemas.WORKSPACE, undefined), schemas.WORKSPACE);
});

const READ = {
  AGENT: { name: "Sara", teams: ["default", "vip"], skills: { "lang:fa": 5 }, capacity: 6, limits: { mail: 2 }, role: "lead" },
  TEAM: { name: "Night", settings: { offer_mode: "offer", offer_seconds: 20, overflow: { to_team: "default", max_waiting: 5 } }, calendar: { timezone: "Europe/Riga", hours: { mon: [["20:00", "24:00"]] }, holidays: [] } },
  WORKSPACE: {
    name: "Shop", languages: ["fa", "en"], timezone: "Asia/Tehran", own: { phones: ["+371 2000"] },
    settings: { greeting: { fa: "سلام" }, handoff_texts: { notice: "Wait" }, detect_silence: false, visibility: "own", pending_release_seconds: 300, auto_resolve_seconds: { webchat: 3600, default: null }, preferred_agent_seconds: 60, claim_over_capacity: true, offer_mode: "offer", offer_seconds: 45, missed_offers: 3, beat_seconds: 15, lost_away_seconds: 60, lost_return_seconds: 300, lost_offline_seconds: 900, idle_away_seconds: 600, handoff_seconds: 600, work_units: { mail: 2 }, call_blocks: true, unread_return_seconds: null, wrap_up_seconds: 30, after_hours: { message: true, closed: { fa: "{opens}" } } },
    calendar: { timezone: "Asia/Tehran", hours: { sat: [["09:00", "17:00"]] }, holidays: [] },
  },
  ROUTING: { rules: [{ when: { language: ["fa"], sensitive: true }, then: { team: "vip", skills: { "lang:{language}": 3 }, priority: "high", relax: [{ after_seconds: 60, skills: { "lang:{language}": 1 }, drop_skills: ["refunds"], add_teams: ["default"] }] } }] },
  SLA: { policies: [{ id: "vip", when: { priority: ["urgent"], team: ["vip"] }, targets: { first_response_seconds: 60, resolution_seconds: 86400 }, warn_at: [0.5], escalate: { on: "warned", priority: "urgent" } }] },
  CANNED: { title: "Hello", text: "Hello {customer.name}", shortcut: "hi", language: "en", teams: ["default"] },
};

for (const [name, body] of Object.entries(READ)) {
  test(`a stored ${name} is written back as it was read`, () => {
    const form = formOf(schemas[name]);
    const draft = draftOf(form, structuredClone(body));
    assert.deepEqual(problemsOf(form, draft), []);
    assert.ok(isSame(valueOf(form, draft), body), JSON.stringify(valueOf(form, draft)));
  });
}

test("one time for all channels, and never, are read as such", () => {
  const { fields } = formOf(schemas.WORKSPACE).fields.find((one) => one.name === "settings");
  const field = fields.find((one) => one.name === "auto_resolve_seconds");
  assert.deepEqual(valueOf(field, draftOf(field, 600)), { default: 600 });
  assert.deepEqual(valueOf(field, draftOf(field, null)), { default: null });
  assert.deepEqual(valueOf(field, draftOf(field, undefined)), { webchat: 86400, default: 604800 });
  assert.deepEqual(valueOf(field, []), {});
});

test("the fields of an empty form make what the API takes without them", () => {
  const form = formOf(schemas.AGENT);
  const draft = draftOf(form, undefined);
  assert.deepEqual(problemsOf(form, draft).map(({ pointer, code }) => [pointer, code]), [["/name", "needed"], ["/teams", "needed"]]);
  assert.deepEqual(valueOf(form, { ...draft, name: "Sara", teams: ["default"] }), { name: "Sara", teams: ["default"] });
  assert.deepEqual(valueOf(form, { ...draft, name: "Sara", teams: ["default"], capacity: "5" }), { name: "Sara", teams: ["default"], capacity: 5 });
  // What was written is written again, also where it is the default.
  assert.deepEqual(valueOf(form, draftOf(form, { name: "Sara", teams: ["default"], capacity: 4 })), { name: "Sara", teams: ["default"], capacity: 4 });
});

test("an object that may be missing and was not touched is left out, defaults and all", () => {
  const form = formOf(schemas.withOthers(schemas.TEAM, API.TeamSettings), { components: { schemas: API } });
  const draft = draftOf(form, { name: "Night" });
  assert.deepEqual(valueOf(form, draft), { name: "Night" });
  assert.deepEqual(problemsOf(form, draft), []);
});

test("ids are made of names of all four languages", () => {
  const names = { Sara: "sara", "Sāra Bērziņa": "sara-berzina", "سارا احمدی": "sara-ahmdi", "عمر": "amr", "  Two  words ": "two-words", "🙂": "", "Œuvre & Cie.": "uvre-cie" };
  for (const [name, slug] of Object.entries(names)) {
    assert.equal(slugOf(name), slug);
    assert.match(freeSlug(name, [], "agent"), SLUG);
  }
  assert.equal(freeSlug("Sara", ["sara", "sara-2"], "agent"), "sara-3");
  assert.equal(freeSlug("🙂", ["agent"], "agent"), "agent-2");
  assert.equal(freeSlug("Me", [], "agent"), "me-2");
  assert.ok(SLUG.test(freeSlug("x".repeat(100), [], "agent")));
});
