import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { formOf, placed, pointerTo } from "../../../services/desk/files/admin/forms.js";
import { draftOf, isSame, numberOf, problemsOf, splitSeconds, valueOf } from "../../../services/desk/files/admin/form_values.js";

const API = JSON.parse(readFileSync(new URL("../../../schemas/export/openapi.json", import.meta.url)));
const BODY = API.paths["/v1/workspaces/{workspace}/accounts/{channel}/{account}"].put.requestBody.content["application/json"];
/** Each channel with its schema and an account of it. */
const CHANNELS = Object.entries(BODY.examples).map(([name, { value }]) => {
  const model = name.charAt(0).toUpperCase() + name.slice(1) + "Account";
  return { name, example: value, form: formOf(API.components.schemas[model], API) };
});
const find = (form, path) => path.split("/").reduce((field, name) => (field.fields ?? field.item.fields).find((one) => one.name === name), form);
const form = (channel) => CHANNELS.find((one) => one.name === channel).form;

test("there is a form for every channel, with a field for every part of its account", () => {
  assert.ok(CHANNELS.length >= 7);
  for (const { name, form } of CHANNELS) {
    const schema = API.components.schemas[name.charAt(0).toUpperCase() + name.slice(1) + "Account"];
    assert.deepEqual(form.fields.map((one) => one.name), Object.keys(schema.properties), name);
    assert.ok(find(form, "credentials").fields.length >= 1, name);
  }
});

test("the kind of each field is that of its value", () => {
  const kinds = {
    telegram: { name: "text", language: "text", calendar: "calendar", "credentials/bot_token": "secret", "credentials/secret_token": "secret", "settings/receive": "choice", "settings/greeting": "texts", "settings/handoff_seconds": "duration" },
    email: { "credentials/provider": "choice", "credentials/from_address": "text", "credentials/topic_arn": "list", "settings/plus_addressing": "boolean", "settings/addresses": "list" },
    webchat: { "credentials/identity_secret": "secret", "credentials/allowed_origins": "list" },
  };
  for (const [channel, fields] of Object.entries(kinds)) {
    for (const [path, kind] of Object.entries(fields)) assert.equal(find(form(channel), path).kind, kind, `${channel} ${path}`);
  }
  assert.deepEqual(find(form("telegram"), "settings/receive").options, ["webhook", "poll"]);
  assert.deepEqual(find(form("email"), "credentials/provider").options, ["mailgun", "sendgrid", "postmark", "ses"]);
  assert.equal(find(form("telegram"), "credentials/bot_token").required, true);
  assert.equal(find(form("telegram"), "credentials/secret_token").required, false);
  assert.match(find(form("telegram"), "credentials/bot_token").description, /BotFather/);
});

test("an account comes out of its form as it went in, but for what it did not say", () => {
  for (const { name, form, example } of CHANNELS) {
    const written = structuredClone(example);
    // Secrets are never shown: whoever creates an account types them.
    const draft = draftOf(form, { ...written, credentials: {} });
    for (const field of find(form, "credentials").fields) {
      const value = written.credentials[field.name];
      if (value === undefined) continue;
      draft.credentials[field.name] = field.kind === "secret" ? { text: value, stored: false } : field.kind === "list" ? { items: [].concat(value), stored: false } : value;
    }
    const body = valueOf(form, draft);
    assert.deepEqual(problemsOf(form, draft), [], name);
    for (const [part, value] of Object.entries(written)) {
      for (const [key, one] of typeof value === "object" ? Object.entries(value) : [["", value]]) {
        const got = key ? body[part][key] : body[part];
        assert.ok(isSame([].concat(got), [].concat(one)), `${name} ${part} ${key}: ${JSON.stringify(got)}`);
      }
    }
  }
});

test("a stored account is written back unchanged: its secrets are kept, and what no field shows stays", () => {
  for (const { name, form, example } of CHANNELS) {
    const read = { ...structuredClone(example), credentials: Object.fromEntries(Object.keys(example.credentials).map((key) => [key, "set"])), later: { what: 1 } };
    const body = valueOf(form, draftOf(form, read));
    assert.deepEqual(body.credentials, read.credentials, name);
    assert.deepEqual(body.later, { what: 1 }, name);
    assert.ok(isSame(valueOf(form, draftOf(form, body)), body), name);
    assert.deepEqual(problemsOf(form, draftOf(form, read)), [], name);
  }
});

test("a secret that is typed replaces the stored one, and an empty field keeps it", () => {
  const telegram = form("telegram");
  const draft = draftOf(telegram, { credentials: { bot_token: "set" } });
  assert.deepEqual(valueOf(telegram, draft).credentials, { bot_token: "set" });
  draft.credentials.bot_token.text = " 123456:ABC-DEF ";
  assert.deepEqual(valueOf(telegram, draft).credentials, { bot_token: "123456:ABC-DEF" });
});

test("what a field itself shows to be wrong is said at it", () => {
  const telegram = form("telegram");
  const draft = draftOf(telegram, undefined);
  const codes = () => problemsOf(telegram, draft).map(({ pointer, code }) => `${pointer} ${code}`).sort();
  assert.deepEqual(codes(), ["/credentials/bot_token needed"]);
  draft.credentials.bot_token.text = "no token";
  draft.settings.handoff_seconds = { amount: "soon", unit: "seconds" };
  draft.language = "x".repeat(40);
  assert.deepEqual(codes(), ["/credentials/bot_token wrong_form", "/language wrong_form", "/settings/handoff_seconds no_number"]);
  draft.credentials.bot_token.text = "123456:ABC";
  draft.language = "fa";
  draft.settings.handoff_seconds.amount = "0";
  assert.deepEqual(problemsOf(telegram, draft), [{ pointer: "/settings/handoff_seconds", code: "too_small_above", params: { n: 0 } }]);
  draft.settings.handoff_seconds.amount = "۹۰۰";
  assert.deepEqual(codes(), []);
  assert.equal(valueOf(telegram, draft).settings.handoff_seconds, 900);
});

test("a refusal of the server is shown at the field on the way of its pointer", () => {
  const found = placed(form("telegram"), [
    { pointer: "/credentials/secret_token/0", detail: "too weak" },
    { pointer: "/settings/greeting/fa", detail: "too long" },
    { pointer: "/settings/nothing", detail: "unknown" },
    { pointer: "", detail: "all of it" },
    { pointer: "/elsewhere", detail: "not here" },
  ]);
  assert.deepEqual(Object.fromEntries(found), {
    "/credentials/secret_token": ["too weak"],
    "/settings/greeting": ["too long"],
    "/settings": ["unknown"],
    "": ["all of it", "not here"],
  });
});

const RULES = formOf({
  type: "object",
  required: ["rules"],
  properties: {
    rules: {
      type: "array",
      items: {
        type: "object",
        properties: {
          when: { type: "object", default: {}, properties: { language: { anyOf: [{ type: "string" }, { type: "array", items: { type: "string" } }, { type: "null" }] }, sensitive: { anyOf: [{ type: "boolean" }, { type: "null" }] } } },
          then: { type: "object", properties: { team: { type: "string", default: "default" }, skills: { type: "object", default: {}, additionalProperties: { type: "integer", minimum: 1, maximum: 5 } } } },
        },
      },
    },
  },
});

test("lists of objects, maps and conditions go both ways, and what no field shows moves with its rule", () => {
  const read = { rules: [
    { when: { language: "fa", sensitive: false }, then: { team: "default", skills: { "lang:{language}": 3 }, relax: [{ after_seconds: 60 }] } },
    { then: { team: "support" } },
  ] };
  const draft = draftOf(RULES, read);
  assert.equal(draft.rules[0].when.sensitive, false);
  assert.equal(draft.rules[1].when.sensitive, "");
  draft.rules.reverse();
  assert.deepEqual(valueOf(RULES, draft), { rules: [
    { then: { team: "support" } },
    { when: { language: ["fa"], sensitive: false }, then: { team: "default", skills: { "lang:{language}": 3 }, relax: [{ after_seconds: 60 }] } },
  ] });
  assert.deepEqual(Object.fromEntries(placed(RULES, [{ pointer: "/rules/1/then/skills/lang:{language}", detail: "nobody" }])), { "/rules/1/then/skills": ["nobody"] });
  draft.rules[1].then.skills[0].value = "9";
  assert.deepEqual(problemsOf(RULES, draft), [{ pointer: "/rules/1/then/skills", code: "too_large", params: { n: 5 } }]);
});

test("lengths of time are read in the largest whole unit and written in seconds", () => {
  for (const [seconds, amount, unit] of [[45, "45", "seconds"], [60, "1", "minutes"], [90, "90", "seconds"], [5400, "90", "minutes"], [7200, "2", "hours"], [604800, "7", "days"]]) {
    assert.deepEqual(splitSeconds(seconds), { amount, unit });
  }
  const field = { kind: "duration", name: "x", nullable: true, required: false };
  assert.equal(valueOf(field, { amount: "1.5", unit: "hours" }), 5400);
  assert.equal(valueOf(field, { amount: "", unit: "hours" }), undefined);
  // Null is written where it is another thing than what would be taken without it.
  assert.equal(valueOf({ ...field, fallback: 600 }, { amount: "", unit: "hours" }), null);
  assert.equal(problemsOf({ ...field, minimum: 60 }, { amount: "30", unit: "seconds" })[0].code, "too_small");
});

test("opening hours go both ways, and backward ones are said", () => {
  const calendar = { kind: "calendar", name: "calendar", required: false };
  const body = { timezone: "Asia/Tehran", hours: { sat: [["09:00", "13:00"], ["14:00", "18:00"]] }, holidays: ["2026-03-21"] };
  const draft = draftOf(calendar, body);
  assert.deepEqual(valueOf(calendar, draft), body);
  assert.deepEqual(problemsOf(calendar, draft), []);
  draft.days.sat[0] = ["13:00", "09:00"];
  assert.equal(problemsOf(calendar, draft)[0].code, "hours_backwards");
  draft.days.sat = [];
  assert.equal(problemsOf(calendar, draft)[0].code, "no_hours");
  assert.equal(valueOf(calendar, draftOf(calendar, undefined)), undefined);
});

test("one text, or one per language", () => {
  const field = { kind: "texts", name: "greeting", required: false };
  for (const value of ["Hello", { fa: "سلام", en: "Hello" }]) assert.deepEqual(valueOf(field, draftOf(field, value)), value);
  assert.equal(valueOf(field, draftOf(field, undefined)), undefined);
});

test("digits of all keyboards are numbers", () => {
  for (const [text, value] of [["12", 12], ["۱۲", 12], ["١٢", 12], ["1,5", 1.5], ["۱٫۵", 1.5]]) assert.equal(numberOf(text), value);
  assert.ok(Number.isNaN(numberOf("")) && Number.isNaN(numberOf("x")));
});

test("names in pointers are escaped", () => {
  assert.equal(pointerTo("/a", "b/c~d"), "/a/b~1c~0d");
});
