import assert from "node:assert/strict";
import { test } from "node:test";

import { changed, isChanged, remove, save, startEditing } from "../../../services/desk/files/admin/editor.js";
import { addressOf, idOf, NAMES, placeOf } from "../../../services/desk/files/admin/sections.js";

const SARA = { id: "sara", name: "Sara", teams: ["default"], skills: {}, capacity: 4, role: "agent", presence: "online", load: 2, idle_since: null };
const say = (code) => code;

/** A server of one agent: versions, conditions, and what it was asked. */
function server(agents = { sara: { body: SARA, version: 3 } }) {
  const calls = [];
  async function request(method, path, { body, headers = {} } = {}) {
    calls.push({ method, path, body, headers });
    const id = path.split("/").at(-1);
    const held = agents[id];
    const condition = headers["If-Match"];
    if (condition && condition !== `"${held?.version}"`) return { status: 412, ok: false, body: { detail: "changed" } };
    if (method === "GET") return held ? { status: 200, ok: true, body: held.body, etag: `"${held.version}"` } : { status: 404, ok: false, body: {} };
    if (method === "DELETE") {
      delete agents[id];
      return { status: 204, ok: true, body: null };
    }
    agents[id] = { body: { ...SARA, ...body, id, warnings: [] }, version: (held?.version ?? 0) + 1 };
    return { status: held ? 200 : 201, ok: true, body: agents[id].body, etag: `"${agents[id].version}"` };
  }
  return { request, calls, agents };
}

const edit = (view, etag) => startEditing({ section: "agents", id: view?.id ?? "+", view, etag, first: { teams: ["default"] } });
const rename = (editor, name) => changed(editor, { ...editor.draft, name }, say);

test("what is read is unchanged, a change is one, and a change back is none", () => {
  const editor = edit(SARA, '"3"');
  assert.equal(isChanged(editor), false);
  rename(editor, "Sara A.");
  assert.equal(isChanged(editor), true);
  rename(editor, "Sara");
  assert.equal(isChanged(editor), false);
});

test("a save writes what the form shows, on the condition that nobody changed it, and nothing of presence and load", async () => {
  const { request, calls } = server();
  const editor = edit(SARA, '"3"');
  rename(editor, "Sara A.");
  const answer = await save(editor, { request, id: "sara", say });
  assert.equal(answer.status, 200);
  assert.deepEqual(calls.map(({ method, path, headers }) => [method, path, headers]), [["PUT", "/agents/sara", { "If-Match": '"3"' }]]);
  assert.deepEqual(calls[0].body, { name: "Sara A.", role: "agent", teams: ["default"], capacity: 4 });
  assert.deepEqual([editor.saved, editor.etag, isChanged(editor), editor.busy], [true, '"4"', false, false]);
});

test("what somebody else changed is said, nothing is lost, and it can be written over on purpose", async () => {
  const here = server();
  const editor = edit(SARA, '"2"');
  rename(editor, "Mine");
  await save(editor, { request: here.request, id: "sara", say });
  assert.equal(editor.problem, "conflict");
  assert.equal(editor.draft.name, "Mine");
  assert.equal(here.agents.sara.body.name, "Sara");
  await save(editor, { request: here.request, id: "sara", say, force: true });
  assert.deepEqual([editor.problem, here.agents.sara.body.name], [null, "Mine"]);
});

test("a new one never replaces one that is there", async () => {
  const here = server();
  const editor = edit(null);
  rename(editor, "Another Sara");
  assert.equal(await save(editor, { request: here.request, id: "sara", say }), null);
  assert.equal(editor.problem, "taken");
  assert.equal((await save(editor, { request: here.request, id: "sara-2", say })).status, 201);
  assert.deepEqual(Object.keys(here.agents), ["sara", "sara-2"]);
});

test("what the fields show to be wrong is not sent, and goes as it is mended", async () => {
  const here = server();
  const editor = edit(null);
  assert.equal(await save(editor, { request: here.request, id: "x", say }), null);
  assert.deepEqual([here.calls.length, Object.fromEntries(editor.errors)], [0, { "/name": ["needed"] }]);
  rename(editor, "Reza");
  assert.equal(editor.errors.size, 0);
});

test("a refusal stands at its field; other answers are said by their kind", async () => {
  const editor = edit(SARA, '"3"');
  const refuse = (status, body = {}) => save(editor, { request: async () => ({ status, ok: false, body }), id: "sara", say });
  await refuse(422, { errors: [{ pointer: "/teams/0", detail: "no such team" }] });
  assert.deepEqual([editor.problem, Object.fromEntries(editor.errors)], ["refused", { "/teams": ["no such team"] }]);
  for (const [status, problem] of [[0, "unreached"], [403, "forbidden"], [404, "gone"], [409, "failed"], [503, "busy"]]) {
    await refuse(status, { detail: "why" });
    assert.deepEqual([editor.problem, editor.detail], [problem, "why"]);
  }
  await save(editor, { request: async () => ({ status: 202, ok: true, body: {} }), id: "sara", say });
  assert.deepEqual([editor.problem, editor.saved], ["slow", false]);
});

test("what was never written is written without a condition", async () => {
  const calls = [];
  const editor = startEditing({ section: "routing", id: null, view: { rules: [], warnings: [] }, etag: '"0"' });
  await save(editor, { request: async (...call) => calls.push(call) && { status: 201, ok: true, body: { rules: [] }, etag: '"1"' }, id: null, say });
  assert.deepEqual([calls[0][1], calls[0][2].headers], ["/routing", {}]);
});

test("a deletion holds to what was seen", async () => {
  const here = server();
  const stale = edit(SARA, '"1"');
  assert.equal(await remove(stale, { request: here.request, id: "sara" }), false);
  assert.equal(stale.problem, "conflict");
  assert.equal(await remove(edit(SARA, '"3"'), { request: here.request, id: "sara" }), true);
  assert.deepEqual(here.agents, {});
});

test("every place has an address, and comes back from it", () => {
  for (const section of NAMES) assert.deepEqual(placeOf(addressOf(section)), { section, id: null });
  for (const id of ["+", "sara", "telegram/main", "+telegram"]) assert.deepEqual(placeOf(addressOf("accounts", id)), { section: "accounts", id });
  assert.deepEqual(placeOf("/desk/admin"), { section: "start", id: null });
  assert.deepEqual(placeOf("/desk/admin/"), { section: "start", id: null });
  assert.deepEqual(placeOf("/desk/admin/nothing/x"), { section: "start", id: "x" });
  assert.equal(idOf("accounts", { channel: "telegram", id: "main" }), "telegram/main");
});
