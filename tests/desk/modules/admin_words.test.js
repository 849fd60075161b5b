import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { formOf } from "../../../services/desk/files/admin/forms.js";
import * as schemas from "../../../services/desk/files/admin/schemas.js";
import { NAMES } from "../../../services/desk/files/admin/sections.js";
import { originsOf } from "../../../services/desk/files/admin/slugs.js";
import { LANGUAGES } from "../../../services/desk/files/words.js";

const FILES = fileURLToPath(new URL("../../../services/desk/files/", import.meta.url));
const load = async (folder, tag) => (await import(`${FILES}${folder}words/${tag}.js`)).default;
const words = Object.fromEntries(await Promise.all(Object.keys(LANGUAGES).map(async (tag) => [tag, await load("admin/", tag)])));
const base = await load("", "en");
const forms = (entry) => (typeof entry === "string" ? { other: entry } : entry);
const params = (sentence) => [...new Set(sentence.match(/\{\w+\}/g) ?? [])].sort();

test("every language has the same words, with the same params, and none of the page's own", () => {
  for (const [tag, all] of Object.entries(words)) {
    assert.deepEqual(Object.keys(all).sort(), Object.keys(words.en).sort(), tag);
    for (const [key, entry] of Object.entries(all)) assert.deepEqual(params(forms(entry).other), params(forms(words.en[key]).other), `${tag} ${key}`);
    assert.deepEqual(Object.keys(all).filter((key) => key in base), [], tag);
  }
});

test("forms are those that the language has, and there is always another", () => {
  for (const [tag, all] of Object.entries(words)) {
    const known = new Intl.PluralRules(LANGUAGES[tag].locale).resolvedOptions().pluralCategories;
    for (const [key, entry] of Object.entries(all)) {
      if (typeof entry === "string") continue;
      assert.ok("other" in entry && Object.keys(entry).every((form) => known.includes(form)), `${tag} ${key}`);
    }
  }
});

test("no sentence of another language is left in English", () => {
  for (const tag of ["fa", "ar", "lv"]) {
    const same = Object.keys(words.en).filter((key) => JSON.stringify(words[tag][key]) === JSON.stringify(words.en[key]));
    assert.deepEqual(same.filter((key) => !["number_of"].includes(key)), [], tag);
  }
});

test("every word that a module names is there", () => {
  const missing = [];
  for (const name of readdirSync(`${FILES}admin`).filter((one) => one.endsWith(".js"))) {
    for (const [, key] of readFileSync(`${FILES}admin/${name}`, "utf8").matchAll(/\btext\('([a-z_]+)'/g)) if (!(key in words.en) && !(key in base)) missing.push(`${name}: ${key}`);
  }
  assert.deepEqual(missing, []);
});

/** Every field of a form, with those inside. */
const all = (field) => [field, ...(field.fields ?? []).flatMap(all), ...(field.item ? all(field.item) : [])];

test("every field, choice, note and section of the shop has words", () => {
  const missing = new Set();
  const need = (key) => key in words.en || missing.add(key);
  for (const name of ["AGENT", "TEAM", "WORKSPACE", "HOURS", "ROUTING", "SLA", "CANNED", "KEY"]) {
    for (const field of all(formOf(schemas[name]))) {
      if (field.name) need(`f_${field.name}`);
      if (field.note) need(`n_${field.note}`);
      for (const option of [...(field.options ?? []), ...(field.keys ?? [])]) if (!(`o_${field.name}_${option}` in words.en)) need(`o_${option}`);
    }
  }
  for (const section of NAMES) {
    need(`s_${section}`);
    if (section !== "start") need(`about_${section}`);
  }
  for (const [group] of schemas.GROUPS) ["g_", "ng_"].forEach((kind) => need(kind + group));
  for (const section of ["agents", "teams", "accounts", "canned", "keys"]) ["new_", "none_", "remove_"].forEach((kind) => need(kind + section));
  assert.deepEqual([...missing], []);
});

test("every channel that there is has its words, and its steps at the platform", () => {
  const body = JSON.parse(readFileSync(new URL("../../../schemas/export/openapi.json", import.meta.url))).paths["/v1/workspaces/{workspace}/accounts/{channel}/{account}"].put.requestBody;
  for (const channel of Object.keys(body.content["application/json"].examples)) for (const kind of ["ch_", "steps_"]) assert.ok(kind + channel in words.en, kind + channel);
});

test("addresses of shops are taken as people write them", () => {
  assert.deepEqual(originsOf("shop.example, https://www.shop.example/path\nhttp://localhost:3000"), ["https://shop.example", "https://www.shop.example", "http://localhost:3000"]);
  assert.deepEqual(originsOf("  "), []);
});
