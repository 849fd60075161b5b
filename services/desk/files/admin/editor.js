// What is edited: read from the API, changed in a form, and written back on the condition that nobody changed it meanwhile.

import {formOf, placed} from './forms.js';
import {draftOf, isSame, problemsOf, valueOf} from './form_values.js';
import {SECTIONS} from './sections.js';

const pick = (view, names) => Object.fromEntries(names.filter((name) => name in view && view[name] !== null).map((name) => [name, view[name]]));
/** A resource that was never written has the tag "0", which no condition can hold of. */
const conditionOf = (etag) => (etag && etag !== '"0"' ? {'If-Match': etag} : {});

/** An editor of something that is read: `view` is what the API showed, null for what is new. */
export function startEditing({section, id, view, etag = null, schema, root, first = {}}) {
  const form = formOf(schema ?? SECTIONS[section].schema, root);
  const draft = draftOf(form, view ? pick(view, SECTIONS[section].writes) : first);
  return {section, id, form, draft, base: valueOf(form, draft), etag, view, errors: new Map(), tried: false, problem: null, busy: false, saved: false, warnings: view?.warnings ?? []};
}

/** Whether something was changed that is not saved. */
export const isChanged = (editor) => Boolean(editor) && !isSame(valueOf(editor.form, editor.draft), editor.base);

/** A change of the form. What was wrong before it is looked at again once saving was tried. */
export function changed(editor, draft, say) {
  Object.assign(editor, {draft, saved: false});
  if (editor.tried) editor.errors = localErrors(editor, say);
}

function localErrors(editor, say) {
  const found = new Map();
  for (const {pointer, code, params} of problemsOf(editor.form, editor.draft)) found.set(pointer, [...(found.get(pointer) ?? []), say(code, params)]);
  return found;
}

/**
 * Save what is edited, as `id`. `force`: also over what somebody else wrote. Returns the answer, or null where nothing was sent.
 * `say(code, params)` words a problem of a field.
 */
export async function save(editor, {request, id, say, force = false, extra = {}}) {
  Object.assign(editor, {tried: true, problem: null, errors: localErrors(editor, say)});
  if (editor.errors.size) return null;
  const path = SECTIONS[editor.section].path(id);
  Object.assign(editor, {busy: true, saved: false});
  try {
    if (editor.view === null && (await isTaken(request, path))) {
      editor.problem = 'taken';
      return null;
    }
    const body = {...valueOf(editor.form, editor.draft), ...extra};
    const answer = await request('PUT', path, {body, headers: force || editor.view === null ? {} : conditionOf(editor.etag), wait: 10});
    taken(editor, answer);
    return answer;
  } finally {
    editor.busy = false;
  }
}

const isTaken = async (request, path) => (await request('GET', path)).ok;

/** What an answer to a write means for the editor. */
function taken(editor, answer) {
  if (answer.ok && answer.status !== 202) {
    const shown = answer.body ?? {};
    const draft = draftOf(editor.form, pick(shown, SECTIONS[editor.section].writes));
    Object.assign(editor, {view: shown, etag: answer.etag, draft, base: valueOf(editor.form, draft), saved: true, tried: false, warnings: shown.warnings ?? []});
    return;
  }
  editor.problem = {0: 'unreached', 202: 'slow', 403: 'forbidden', 404: 'gone', 412: 'conflict', 422: 'refused', 429: 'busy', 503: 'busy'}[answer.status] ?? 'failed';
  editor.detail = answer.body?.detail ?? '';
  if (answer.status === 422) editor.errors = placed(editor.form, answer.body?.errors ?? []);
}

/** Delete what is edited, unless somebody changed it meanwhile. Returns whether it is gone. */
export async function remove(editor, {request, id}) {
  Object.assign(editor, {busy: true, problem: null});
  const answer = await request('DELETE', SECTIONS[editor.section].path(id), {headers: conditionOf(editor.etag), wait: 10});
  editor.busy = false;
  if (answer.ok || answer.status === 404) return true;
  taken(editor, answer);
  return false;
}
