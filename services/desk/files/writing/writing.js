// Writing on the page: drafts, sends, uploads and what agents do with them, wired to the state of the page.

import {createCommands} from './commands.js';
import {composerRegion} from './composer.js';
import {unsentRegion} from './unsent.js';
import {newestShown, situationOf} from './composing.js';
import {Drafts, draftKey, pageLocks, scopeOf} from './drafts.js';
import {takeMessage} from '../inbox.js';
import {enterDoes} from './keys.js';
import {addStyle} from '../later.js';
import {nameOf} from '../list.js';
import {createEndKeeper} from './end.js';
import {createFiles} from './files.js';
import {Outbox} from './outbox.js';
import {createPicking} from './picking.js';
import {openStorage} from './storage.js';
import {targetOf} from './target.js';
import {addPart, text} from '../words.js';

/** A request without an answer for so long has none; the server waits for ten seconds itself. */
const REQUEST_MS = 30_000;
/** So long the second press of "Take over and send" is waited for. */
const ARMED_MS = 6000;

/**
 * @param {{state: object, update: Function, api: object, threads: object, say: Function, work: object, actions: object, parts: object, dialogs: object,
 *   signInAgain: Function}} page `parts` and `dialogs` are the page's tables, to which this adds its own
 */
export function createWriting({state, update, api, threads, say, work, actions, parts, dialogs, signInAgain}) {
  const writing = {isReady: false, isKept: true, kinds: new Map(), chosen: new Map(), armed: null, picker: null, blocked: null};
  state.writing = writing;
  let drafts = null;
  let outbox = null;
  let channel = null;
  let armedTimer = 0;
  let newestOpen = null;

  const redraw = () => update(() => {});
  const conversationOf = (id) => state.threads.get(id)?.conversation ?? state.rows.get(id);
  const lastChange = (id, kind) => drafts?.get(id, kind)?.changed_at ?? 0;
  /** The kind that the agent chose; before that, the one that was written last. */
  const kindOf = (id) => writing.kinds.get(id) ?? (lastChange(id, 'note') > lastChange(id, 'reply') ? 'note' : 'reply');
  const boxOf = (id, kind) => document.querySelector(`textarea[data-draft="${CSS.escape(draftKey(id, kind))}"]`);

  /** What a draft that begins now is fixed to. */
  function first(id, kind) {
    const conversation = conversationOf(id);
    const chosen = writing.chosen.get(id);
    const target = kind === 'note' ? null : {...targetOf(conversation, conversation.can_reply), ...(chosen ? {surface: chosen} : {})};
    return {target, after: newestShown(state.threads.get(id)?.messages)};
  }

  const edit = (id, kind, change) => drafts.edit(id, kind, change, () => first(id, kind));

  const look = (id, kind = kindOf(id)) => {
    const conversation = conversationOf(id);
    return situationOf({
      conversation, me: state.me, canReply: conversation.can_reply, draft: drafts.get(id, kind), chosen: writing.chosen.get(id), kind,
      uploads: files.uploads(id, kind), now: state.now(),
    });
  };

  const picking = createPicking({state, update, api, writing, conversationOf, kindOf, boxOf, edit, draftOf: (id, kind) => drafts.get(id, kind)});

  const files = createFiles({
    writing, edit, first, redraw, drafts: () => drafts, onUnauthorized: signInAgain,
    address: () => `/v1/workspaces/${encodeURIComponent(state.session.workspace)}/attachments`,
  });

  // -- start and end ---------------------------------------------------------------------------------------------------

  async function start() {
    const scope = {workspace: state.session.workspace, agent: state.session.agent};
    await Promise.all([addPart((tag) => import(`./words/${tag}.js`)), addStyle('/desk/writing/composer.css')]);
    const storage = await openStorage('pasokh-desk');
    const locks = pageLocks();
    channel = globalThis.BroadcastChannel ? new BroadcastChannel('pasokh-desk-writing') : null;
    const tell = (what) => channel?.postMessage(what);
    const changed = () => update(() => {
      state.drafts = drafts.entries();
    });
    drafts = new Drafts({storage, locks, scope: scopeOf(scope), changed, tell});
    outbox = new Outbox({scope, storage, locks, drafts, request: ask, events: {
      changed: () => update(() => {
        state.outbox = outbox.all();
      }),
      sent, returned, signedOut, tell,
    }});
    if (channel) channel.onmessage = ({data}) => {
      void drafts.reread(data.drafts);
      if (data.sends) void outbox.reread();
    };
    await drafts.load();
    update(() => Object.assign(writing, {isReady: true, isKept: storage.isKept}));
    addEventListener('pagehide', () => drafts.flushNow());
    addEventListener('visibilitychange', () => document.hidden && drafts.flush());
    addEventListener('online', () => outbox.resume());
    addEventListener('keydown', commands.onKey);
    void outbox.resume();
  }

  /** The page has drawn something new: a connection that is back, a customer who wrote. */
  let wasLive = false;
  const keepEnd = createEndKeeper();
  function follow() {
    if (!writing.isReady) return;
    keepEnd(document.getElementById('thread'));
    // What was begun for a customer who has been erased goes from this device too.
    for (const {conversation, kind} of drafts.all()) if (conversationOf(conversation)?.erased_at) void drafts.discard(conversation, kind);
    if (state.connection.live && !wasLive) void outbox.resume();
    wasLive = state.connection.live;
    const newest = state.threads.get(state.open)?.messages.findLast((message) => message.direction === 'inbound')?.id ?? null;
    const mark = `${state.open} ${newest}`;
    // The customer's word opens windows, where there are any.
    const windows = Object.values(conversationOf(state.open)?.can_reply ?? {}).some((one) => one?.until || one?.code === 'window_closed');
    if (windows && newest && newestOpen !== mark && newestOpen?.startsWith(`${state.open} `)) threads.about(state.open);
    newestOpen = mark;
    if (writing.armed && writing.armed !== state.open) disarm();
  }

  async function beforeLeaving(erase) {
    outbox?.stop();
    await drafts?.leave({keep: !erase});
  }

  // -- sending -----------------------------------------------------------------------------------------------------------

  async function ask(method, path, options) {
    // Whoever has to sign in is asked beside it: what waited for that longer than ten minutes does not go by itself.
    return api.request(method, path, {...options, again: false, signal: AbortSignal.timeout(REQUEST_MS)});
  }

  function sent(send, body) {
    files.forgetPreviews(send.draft.files);
    if (send.kind === 'reply' && body?.id) update(() => takeMessage(state, body));
    if (state.open === send.conversation) threads.about(send.conversation);
  }

  function returned(send, problem) {
    const name = nameOf({...conversationOf(send.conversation), person: send.draft.target?.person ?? '', customer: {name: state.threads.get(send.conversation)?.name ?? state.rows.get(send.conversation)?.customer?.name}});
    if (state.open !== send.conversation) say(text('came_back', {name}), {kind: 'warm', action: {text: text('open'), run: () => location.assign(`/desk/c/${send.conversation}`)}});
    else if (problem.code === 'not_assignee' || problem.code === 'newer_message') threads.load(send.conversation);
  }

  let isAsking = false;
  async function signedOut() {
    if (isAsking) return;
    isAsking = true;
    const isBack = await signInAgain();
    isAsking = false;
    if (isBack) await outbox.resume();
  }

  async function send(id, kind = kindOf(id)) {
    const {blocks} = look(id, kind);
    if (blocks.length) {
      update(() => {
        writing.blocked = {key: draftKey(id, kind), code: blocks[0].code};
      });
      if (blocks[0].code === 'unfilled') select(id, kind, blocks[0].places[0]);
      return;
    }
    writing.blocked = null;
    writing.chosen.delete(id);
    writing.kinds.set(id, kind);
    disarm();
    try {
      await outbox.send(id, kind, {after: newestShown(state.threads.get(id)?.messages)});
    } catch {
      say(text('not_stored'), {kind: 'warm'});
    }
  }

  /** Two presses: the first says from whom. */
  async function takeOverAndSend(id) {
    if (writing.armed !== id) {
      clearTimeout(armedTimer);
      armedTimer = setTimeout(disarm, ARMED_MS);
      update(() => {
        writing.armed = id;
      });
      return;
    }
    disarm();
    const answer = await work.takeOver(id);
    if (answer.status === 200) await send(id, 'reply');
  }

  function disarm() {
    clearTimeout(armedTimer);
    if (writing.armed) update(() => {
      writing.armed = null;
    });
  }

  async function saveAsNote(id) {
    const draft = drafts.get(id, 'reply');
    if (!draft) return;
    const note = drafts.get(id, 'note');
    edit(id, 'note', {text: [note?.text, draft.text].filter(Boolean).join('\n'), files: [...(note?.files ?? []), ...draft.files], blanks: draft.blanks});
    // The note is on the device before the answer is not.
    await drafts.flush();
    await drafts.discard(id, 'reply');
    setKind(id, 'note', false);
    await send(id, 'note');
  }

  /** A message that failed, once more: as a message of its own. */
  async function sendAgain(message) {
    const attached = message.attachments.map((file) => file.id).filter(Boolean).map((file) => ({id: file}));
    const draft = {conversation: message.conversation, kind: 'reply', text: message.text ?? '', files: attached, target: {...targetOf(conversationOf(message.conversation)), surface: message.surface}};
    await outbox.sendAgain(draft, {after: newestShown(state.threads.get(message.conversation)?.messages)});
  }

  // -- what is written ---------------------------------------------------------------------------------------------------

  function setKind(id, kind, focus = true) {
    update(() => {
      writing.kinds.set(id, kind);
      writing.picker = null;
    });
    if (focus) requestAnimationFrame(() => requestAnimationFrame(() => boxOf(id, kind)?.focus()));
  }

  function select(id, kind, {start, stop}) {
    const box = boxOf(id, kind);
    box?.focus();
    box?.setSelectionRange(start, stop);
  }

  function typed(id, kind, box) {
    writing.kinds.set(id, kind);
    writing.blocked = null;
    edit(id, kind, {text: box.value});
    picking.look(id, kind, box);
  }

  const switchTarget = (id) => edit(id, 'reply', {target: targetOf(conversationOf(id), conversationOf(id).can_reply), refusal: null});

  function otherSurface(id) {
    const {target} = look(id, 'reply');
    const surface = target.surface === 'public' ? 'private' : 'public';
    if (drafts.get(id, 'reply')) edit(id, 'reply', {target: {...target, surface}, refusal: null});
    else update(() => {
      writing.chosen.set(id, surface);
    });
  }

  // -- keys --------------------------------------------------------------------------------------------------------------

  function pressed(event, id, kind) {
    if (picking.takes(event, id, kind)) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    const {target} = look(id, kind);
    const does = enterDoes(event, {kind, surface: target?.surface ?? 'private', isTouch: matchMedia('(pointer: coarse)').matches, setting: state.settings.enter ?? 'enter'});
    if (does !== 'send') return;
    event.preventDefault();
    void send(id, kind);
  }

  const own = {
    ...files, look, kindOf, setKind, typed, pressed, send, takeOverAndSend, saveAsNote, switchTarget, otherSurface, select,
    openCanned: picking.openCanned, picks: picking.picks, choose: picking.choose, closePicker: picking.close,
    dismissRefusal: (id, kind) => edit(id, kind, {refusal: null}),
    putBack: (id) => outbox.putBack(id),
    discardSend: (id) => outbox.discard(id),
  };
  const commands = createCommands({state, update, actions});
  Object.assign(actions, {sendAgain, compose: (kind) => state.open && setKind(state.open, kind), openCanned: () => picking.openCanned()});
  Object.assign(dialogs, commands.dialogs);
  parts.composer.push(() => composerRegion(state, actions, own));
  parts.above.push(unsentRegion);
  parts.me.push(commands.settings);
  return {start, follow, beforeLeaving};
}
