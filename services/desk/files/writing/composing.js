// What an agent may do with what they write, worked out of the conversation: the page warns earlier, the server decides. Pure.

import {MOST_FILES, isExpired} from './attachments.js';
import {unfilled} from './canned.js';
import {isEmpty} from './drafts.js';
import {changeOf, otherWay, overLimit, permission, targetOf, windowLeft} from './target.js';

/** Refusals of the server that say where an answer cannot go, so that the other surface may be offered. */
const OF_THE_SURFACE = new Set(['secret_in_public', 'sensitive_in_public', 'window_closed', 'template_required', 'no_address']);

/**
 * @param {object} given `{conversation, me, canReply, draft, chosen, kind, uploads, now}`; `chosen` is the surface that the agent
 *   chose before the first key, `uploads` what is on its way: `{problem}`
 * @returns `{kind, target, change, blocks: [{code, …}], hints: [{code, …}], ways: [code]}`: without blocks it may be sent
 */
export function situationOf(given) {
  const {conversation, kind, draft, now, uploads = []} = given;
  const target = draft?.target ?? chosenTarget(given);
  const blocks = kind === 'note' ? [] : replyBlocks(given, target);
  const ways = new Set(kind === 'note' ? [] : waysOn(given, target, blocks));
  const text = draft?.text ?? '';
  const files = draft?.files ?? [];
  const blanks = unfilled(text, draft?.blanks);
  if (blanks.length) blocks.push({code: 'unfilled', name: blanks[0].name, places: blanks});
  const mostFiles = kind === 'note' ? MOST_FILES : (permission(target, given.canReply).max_files ?? MOST_FILES);
  if (files.length + uploads.length > mostFiles) blocks.push(mostFiles ? {code: 'too_many_files', n: mostFiles} : {code: 'no_files'});
  if (files.some((file) => isExpired(file, now))) blocks.push({code: 'file_expired'});
  if (uploads.some((upload) => upload.problem)) blocks.push({code: 'upload_failed'});
  else if (uploads.length) blocks.push({code: 'uploading'});
  const isBlank = isEmpty(draft) || (files.length === 0 && text.trim() === '');
  if (isBlank && uploads.length === 0) blocks.push({code: 'empty'});
  const change = kind === 'note' || !draft ? null : changeOf(draft.target, conversation, given.canReply);
  return {kind, target, change, blocks, hints: kind === 'note' ? [] : hintsOf(given, target), ways: [...ways]};
}

function chosenTarget({conversation, canReply, chosen}) {
  const usual = targetOf(conversation, canReply);
  return chosen ? {...usual, surface: chosen} : usual;
}

function replyBlocks({conversation, me, canReply, draft, now}, target) {
  const {status, agent} = conversation;
  if (status === 'closed') return [{code: 'closed'}];
  if (status === 'resolved') return [{code: 'resolved'}];
  const blocks = [];
  if (agent && agent !== me.id) blocks.push({code: 'held', agent, since: conversation.assigned_at});
  if (draft && changeOf(draft.target, conversation, canReply) === 'person') return [...blocks, {code: 'target_changed'}];
  const said = permission(target, canReply, now);
  const {allowed, code, until, detail} = said;
  // The surface first: nothing else helps there.
  const isSensitive = code === 'sensitive_in_public' || (conversation.sensitive && target.surface === 'public' && !isCleared(conversation, canReply));
  if (isSensitive) blocks.push({code: 'sensitive_public'});
  // Who has it is in the conversation, sooner than in what the server said of answers.
  else if (!allowed && !(code === 'not_assignee' && agent)) blocks.push({code: 'not_allowed', why: code, until, detail});
  const over = overLimit(draft?.text ?? '', said);
  if (over) blocks.push({code: 'too_long', ...over});
  return blocks;
}

/** Whether the server takes public answers although the case is sensitive: where somebody said that the public may read them. */
const isCleared = (conversation, canReply) => canReply?.public?.allowed === true;

function waysOn({conversation, me, canReply, draft}, target, blocks) {
  const ways = [];
  const codes = new Set(blocks.map((block) => block.code));
  if (codes.has('resolved')) ways.push('reopen');
  if (codes.has('held')) {
    if (me.role === 'lead') ways.push('take_over');
    ways.push('save_as_note');
  }
  const isOfSurface = codes.has('sensitive_public') || codes.has('not_allowed') || OF_THE_SURFACE.has(draft?.refusal?.code);
  if (isOfSurface && otherWay(target, canReply)) ways.push('other_surface');
  const change = draft && changeOf(draft.target, conversation, canReply);
  if (change) ways.push('switch');
  return ways;
}

function hintsOf({conversation, canReply, now}, target) {
  const hints = [];
  const {until, receives} = permission(target, canReply);
  const left = windowLeft(until, now);
  if (left?.isShort && left.seconds > 0) hints.push({code: 'window_short', seconds: left.seconds});
  if (receives === false) hints.push({code: 'sends_only', channel: target.channel});
  if (!conversation.agent && conversation.status === 'waiting') hints.push({code: 'takes_it'});
  return hints;
}

/**
 * Where in a text the secret stands that a refusal quotes with its kind in its place: “my card is [card] please”.
 * @returns {{start: number, stop: number} | null}
 */
export function placeOfSecret(text, quoted) {
  const match = /[“"]?([^“”]*?)\[[a-z_]+\]([^“”]*?)[”"]?(?:[\u2069;]|$)/u.exec(quoted ?? '');
  if (!match) return null;
  const [before, after] = [match[1].slice(-20), match[2].slice(0, 20)].map((part) => part.replace(/\[[a-z_]+\]/g, ' ').trim());
  if (!before && !after) return null;
  const pattern = (part) => part.split(/\s+/).filter(Boolean).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('\\s+');
  const found = new RegExp(`${pattern(before)}\\s*(\\S[\\s\\S]*?)${after ? `\\s*${pattern(after)}` : '\\s*$'}`, 'du').exec(text);
  if (!found) return null;
  const [start] = found.indices[1];
  return {start, stop: start + found[1].trimEnd().length};
}

/** The newest message of a thread that the agent sees: an answer that is older than another one is refused. */
export function newestShown(messages) {
  const last = messages?.at(-1);
  // Files that were sent together are shown as one message.
  return last?.album?.messages?.at(-1) ?? last?.id ?? null;
}

const FINISHED = new Set(['resolved', 'closed']);

/** The conversations in which something has not gone, and those in which something was not delivered: ids, each once. */
export function unsentOf(state) {
  const waiting = state.outbox.filter((send) => send.state === 'returned' || send.tries > 1).map((send) => send.conversation);
  const failed = [...state.rows.values()].filter((row) => row.failed && row.agent === state.me?.id && !FINISHED.has(row.status)).map((row) => row.id);
  return {waiting: [...new Set(waiting)], failed: [...new Set(failed)]};
}
