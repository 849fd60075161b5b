// The picker of canned answers and of colleagues' names: it opens while somebody writes, and puts its choice at the caret.

import {fill, fold, insert, matching, mentionAt, slashAt} from './canned.js';
import {draftKey} from './drafts.js';

const CANNED_MS = 60_000;
const MOST = 30;

/** @param {{state: object, update: Function, api: object, writing: object}} page `writing.picker` is what is open */
export function createPicking({state, update, api, writing, conversationOf, kindOf, boxOf, edit, draftOf}) {
  let canned = {at: 0, items: [], reading: false};
  /** Who may see a conversation, by its id: for mentions. */
  const seers = new Map();

  async function readCanned() {
    if (canned.reading || Date.now() - canned.at < CANNED_MS) return;
    canned.reading = true;
    const items = await api.items('/canned');
    canned = {at: items ? Date.now() : 0, items: items ?? canned.items, reading: false};
    update(() => {});
  }

  /** After each key: whether a picker opens, goes on or closes. */
  function look(id, kind, box) {
    const caret = box.selectionStart;
    const open = writing.picker;
    if (open?.isAsked && open.key === draftKey(id, kind) && caret >= open.start && !box.value.slice(open.start, caret).includes('\n')) {
      writing.picker = {...open, stop: caret, query: box.value.slice(open.start, caret), index: 0};
      return;
    }
    const slash = slashAt(box.value, caret);
    const mention = kind === 'note' ? mentionAt(box.value, caret) : null;
    const found = slash ?? mention;
    if (slash) readCanned();
    else if (mention) void readSeers(id);
    writing.picker = found && {...found, key: draftKey(id, kind), mode: slash ? 'canned' : 'mention', index: 0, isAsked: false};
  }

  /** Open the canned answers at the caret of the open conversation. */
  function openCanned(id = state.open, kind = id && kindOf(id)) {
    if (!id || !writing.isReady) return;
    readCanned();
    const box = boxOf(id, kind);
    box?.focus();
    const [start, stop] = [box?.selectionStart ?? 0, box?.selectionEnd ?? 0];
    update(() => {
      writing.picker = writing.picker ? null : {start, stop, query: '', key: draftKey(id, kind), mode: 'canned', index: 0, isAsked: true};
    });
  }

  /** What the open picker shows for a draft: `{mode, items, index}`, or null. */
  function picks(id, kind) {
    const {picker} = writing;
    if (!picker || picker.key !== draftKey(id, kind)) return null;
    const conversation = conversationOf(id);
    const items = picker.mode === 'canned' ? matching(canned.items, picker.query, conversation.language, MOST) : colleagues(conversation, picker.query);
    return {mode: picker.mode, items, index: Math.min(picker.index, Math.max(0, items.length - 1)), isReading: canned.reading};
  }

  async function readSeers(id) {
    if (Date.now() - (seers.get(id)?.at ?? 0) < CANNED_MS) return;
    seers.set(id, {at: Date.now(), items: seers.get(id)?.items ?? []});
    const answer = await api.request('GET', `/conversations/${encodeURIComponent(id)}/agents`);
    seers.set(id, answer.ok ? {at: Date.now(), items: answer.body.items} : {at: 0, items: []});
    update(() => {});
  }

  function colleagues(conversation, query) {
    const wanted = fold(query);
    const all = seers.get(conversation.id)?.items ?? [];
    return all.filter((agent) => agent.id !== state.me.id && (fold(agent.name).includes(wanted) || agent.id.includes(wanted))).slice(0, MOST);
  }

  function choose(id, kind, item) {
    const {picker} = writing;
    const box = boxOf(id, kind);
    if (picker.mode === 'mention') {
      const mentions = [...(draftOf(id, kind)?.mentions ?? []).filter((one) => one.id !== item.id), {id: item.id, name: item.name}];
      put(id, kind, box, picker, `@${item.name} `, [], {mentions});
      return;
    }
    const thread = state.threads.get(id);
    const values = {
      'customer.name': thread?.name ?? state.rows.get(id)?.customer?.name ?? null, 'agent.name': state.me.name ?? null,
      'conversation.id': id, 'workspace.name': state.workspaceName ?? null,
    };
    const {text: filled, blanks} = fill(item.text, values);
    put(id, kind, box, picker, filled, blanks, {blanks: [...(draftOf(id, kind)?.blanks ?? []), ...blanks]});
  }

  /** Put a piece at its place, as if it were typed: Undo of the browser takes it out again. */
  function put(id, kind, box, {start, stop}, piece, blanks, more) {
    const after = insert(box.value, {start, stop}, piece, blanks);
    box.focus();
    box.setSelectionRange(start, stop);
    if (!document.execCommand('insertText', false, piece) || box.value !== after.text) box.value = after.text;
    writing.picker = null;
    edit(id, kind, {text: box.value, ...more});
    box.setSelectionRange(after.start, after.stop);
    update(() => {});
  }

  /** Whether a key is the picker's, which then does what it says. */
  function takes(event, id, kind) {
    const shown = picks(id, kind);
    if (!shown || event.isComposing || event.keyCode === 229) return false;
    const count = shown.items.length;
    const move = {ArrowDown: 1, ArrowUp: -1}[event.key];
    if (move && count) {
      update(() => {
        writing.picker = {...writing.picker, index: (shown.index + move + count) % count};
      });
    } else if ((event.key === 'Enter' || event.key === 'Tab') && !event.shiftKey && !event.ctrlKey && !event.metaKey && count) choose(id, kind, shown.items[shown.index]);
    else if (event.key === 'Escape') close();
    else return false;
    return true;
  }

  const close = () => writing.picker && update(() => {
    writing.picker = null;
  });

  return {look, openCanned, picks, choose, takes, close};
}
