// The composer: what is written, to whom it goes in words, and why it does not.

import {html, nothing} from '../vendor/lit-html/lit-html.js';
import {live} from '../vendor/lit-html/directives/live.js';
import {ref} from '../vendor/lit-html/directives/ref.js';
import {repeat} from '../vendor/lit-html/directives/repeat.js';
import {MOST_FILES, isPicture} from './attachments.js';
import {placeOfSecret} from './composing.js';
import {draftKey} from './drafts.js';
import {nameOf} from '../list.js';
import {button} from '../parts.js';
import {lengthIn, permission} from './target.js';
import {channelName, clockTime, duration, hasText, number, shortTime, text} from '../words.js';

/** A text of this part of its limit shows how long it is. */
const NEARLY = 0.8;
const BLOCKS_SHOWN_AT_ONCE = new Set(['unfilled', 'closed', 'resolved', 'held', 'target_changed', 'sensitive_public', 'not_allowed', 'too_long', 'too_many_files', 'no_files', 'file_expired', 'upload_failed']);

const agentName = (state, id) => state.agents.get(id)?.name ?? id;
const size = (bytes) => (bytes >= 1_000_000 ? `${number(Math.round(bytes / 100_000) / 10)} MB` : `${number(Math.max(1, Math.round(bytes / 1000)))} kB`);

function customerName(state, conversation, target) {
  const {name} = state.threads.get(conversation.id) ?? {};
  const person = target?.person ?? conversation.person;
  return nameOf({...conversation, person, customer: person === conversation.person ? {name: name ?? state.rows.get(conversation.id)?.customer?.name} : {}});
}

/** To whom, where, seen by whom, as whom. */
function targetLine(state, conversation, {kind, target}) {
  const agent = state.me.name ?? state.me.id;
  if (kind === 'note') return html`<p class="target" id="target"><b>${text('target_note')}</b> ${text('target_note_as', {agent})}</p>`;
  const name = customerName(state, conversation, target);
  const words = text('target_line', {name, channel: channelName(target.channel), surface: text(`surface_${target.surface}`), agent});
  return html`<p class="target" id="target">${words}${target.surface === 'public' ? html` <b>${text('target_public')}</b>` : nothing}</p>`;
}

// -- what stands above the text --------------------------------------------------------------------------------------------

function wayButtons(ways, state, conversation, {target}, own) {
  const {id} = conversation;
  const other = target?.surface === 'public' ? 'private' : 'public';
  const all = {
    reopen: () => button(text('reopen'), () => own.reopen(id)),
    switch: () => button(text('switch_target'), () => own.switchTarget(id)),
    other_surface: () => button(text(`answer_in_${other}`), () => own.otherSurface(id)),
  };
  return ways.filter((way) => way in all).map((way) => all[way]());
}

function whyNot(block, state, conversation) {
  const now = state.now();
  if (block.code === 'held') return text('block_held', {name: agentName(state, block.agent), time: block.since ? shortTimeOrClock(block.since, now) : ''});
  if (block.code === 'target_changed') return text('block_target_changed', {name: customerName(state, conversation, null), channel: channelName(conversation.channel)});
  if (block.code === 'not_allowed') {
    const key = block.until && hasText(`block_${block.why}_until`) ? `block_${block.why}_until` : `block_${block.why}`;
    return hasText(key) ? text(key, {time: block.until ? shortTimeOrClock(block.until, now) : ''}) : (block.detail ?? text('block_not_allowed'));
  }
  return text(`block_${block.code}`, block);
}

const shortTimeOrClock = (at, now) => (new Date(at).toDateString() === new Date(now).toDateString() ? clockTime(at) : `${shortTime(at, now)} ${clockTime(at)}`);

/** A refusal of the server, with the way on; what is wrong in the text can be shown in it. */
function refusalNotice(refusal, draft, state, conversation, own) {
  const key = `refusal_${refusal.code}`;
  const place = draft ? placeOfSecret(draft.text, refusal.params?.where) : null;
  const words = hasText(key) ? text(key, {name: customerName(state, conversation, draft?.target)}) : (refusal.detail ?? text('refused', {n: refusal.status ?? 0}));
  return html`<div class="advice warm" role="alert"><p dir="auto">${words}</p>
    ${place ? html`<p class="secret-line" dir="auto">${draft.text.slice(Math.max(0, place.start - 30), place.start)}<mark>${draft.text.slice(place.start, place.stop)}</mark>${draft.text.slice(place.stop, place.stop + 30)}</p>` : nothing}
    <div class="buttons">${place ? button(text('show_in_text'), () => own.select(conversation.id, draft.kind, place)) : nothing}
    ${button(text('understood'), () => own.dismissRefusal(conversation.id, draft.kind))}</div></div>`;
}

/** What the sentence of a hint names, as it is read. */
const wordsOf = ({seconds, channel}) => ({time: duration((seconds ?? 0) * 1000), channel: channel ? channelName(channel) : ''});

function notices(state, conversation, draft, situation, own) {
  const {blocks, hints, ways, change} = situation;
  const shown = blocks.filter((block) => BLOCKS_SHOWN_AT_ONCE.has(block.code) || isPressed(state, conversation.id, situation.kind, block));
  const changed = change === 'surface' ? html`<div class="advice warm" role="status"><p>${text('surface_changed', {surface: text(`surface_${conversation.surface}`)})}</p><div class="buttons">${wayButtons(['switch'], state, conversation, situation, own)}</div></div>` : nothing;
  const blank = blocks.find((block) => block.code === 'unfilled')?.places[0];
  const others = [blank ? button(text('show_in_text'), () => own.select(conversation.id, situation.kind, blank)) : nothing, ...wayButtons(ways.filter((way) => change !== 'surface' || way !== 'switch'), state, conversation, situation, own)];
  const all = [
    changed,
    draft?.refusal ? refusalNotice(draft.refusal, draft, state, conversation, own) : nothing,
    shown.length || others.length > 1 ? html`<div class="advice" role="status">${shown.map((block) => html`<p>${whyNot(block, state, conversation)}</p>`)}<div class="buttons">${others}</div></div>` : nothing,
    ...hints.map((hint) => html`<p class="hint">${text(`hint_${hint.code}`, wordsOf(hint))}</p>`),
    state.writing.isKept ? nothing : html`<p class="hint">${text('hint_not_kept')}</p>`,
  ].filter((one) => one !== nothing);
  return all.length ? html`<div class="advices" tabindex="0" role="group" aria-label=${text('before_sending')}>${all}</div>` : nothing;
}

const isPressed = (state, id, kind, block) => state.writing.blocked?.key === draftKey(id, kind) && state.writing.blocked.code === block.code && block.code !== 'empty';

// -- what is on its way ----------------------------------------------------------------------------------------------------

function outgoing(state, id, own) {
  const sends = state.outbox.filter((send) => send.conversation === id);
  if (!sends.length) return nothing;
  return html`<ul class="outgoing" tabindex="0" aria-label=${text('on_its_way_list')}>${repeat(sends, (send) => send.id, (send) => html`<li class=${send.state === 'returned' ? 'is-returned' : send.kind}>
    <p dir="auto" class="words">${send.draft.text || text('files_n', {n: send.draft.files.length})}</p>
    <p class="state">${stateOfSend(send, state)}</p>
    ${send.state === 'returned' ? html`<div class="buttons">${button(text('put_back'), () => own.putBack(send.id))}${button(text('discard'), () => own.discardSend(send.id))}</div>` : nothing}</li>`)}</ul>`;
}

function stateOfSend(send, state) {
  if (send.state === 'returned') {
    const key = `refusal_${send.refusal.code}`;
    return `${text('not_sent')} ${hasText(key) ? text(key, {name: ''}) : (send.refusal.detail ?? '')}`;
  }
  if (send.state === 'accepted') return text('send_accepted');
  return send.tries > 1 || !state.connection.live ? text('send_waits') : text('send_on_its_way');
}

// -- files -----------------------------------------------------------------------------------------------------------------

function filesOf(state, id, kind, draft, own) {
  const files = draft?.files ?? [];
  const uploads = own.uploads(id, kind);
  if (!files.length && !uploads.length) return nothing;
  return html`<ul class="files" aria-label=${text('files')}>
    ${repeat(files, (file) => file.id, (file) => html`<li>${preview(own.previewOf(file), file)}<bdi class="name">${file.name}</bdi> <span class="quiet">${size(file.size_bytes)}</span>
      <button type="button" class="plain icon" aria-label=${text('remove_file', {name: file.name})} @click=${() => own.removeFile(id, kind, file)}>✕</button></li>`)}
    ${repeat(uploads, (upload) => `u${upload.number}`, (upload) => html`<li class=${upload.problem ? 'is-failed' : ''}><bdi class="name">${upload.file.name}</bdi>
      ${upload.problem ? html`<span class="problem">${upload.problem.detail ?? text('upload_not_reached')}</span> ${button(text('try_again'), () => own.uploadAgain(upload.number))}` : html`<progress aria-label=${text('uploading_named', {name: upload.file.name})} max=${Math.max(1, upload.file.size)} .value=${upload.sent}></progress>`}
      <button type="button" class="plain icon" aria-label=${text('remove_file', {name: upload.file.name})} @click=${() => own.removeUpload(upload.number)}>✕</button></li>`)}</ul>`;
}

const preview = (address, file) => (address && isPicture(file.media_type) ? html`<img src=${address} alt=${text('picture_named', {name: file.name})}>` : nothing);

// -- the picker ------------------------------------------------------------------------------------------------------------

function pickerOf(id, kind, own) {
  const shown = own.picks(id, kind);
  if (!shown) return nothing;
  const {mode, items, index} = shown;
  const empty = text(shown.isReading ? 'loading' : mode === 'canned' ? 'no_canned' : 'nobody');
  return html`<div class="picker">
    ${items.length ? nothing : html`<p class="quiet" role="status">${empty}</p>`}
    <ul role="listbox" id="picks" aria-label=${text(mode === 'canned' ? 'canned_answers' : 'colleagues')} ?hidden=${!items.length}>${items.map((item, place) => html`<li role="option" id="pick-${place}" aria-selected=${place === index ? 'true' : 'false'} @pointerdown=${(event) => event.preventDefault()} @click=${() => own.choose(id, kind, item)} ${ref((element) => place === index && element?.scrollIntoView({block: 'nearest'}))}>
      ${mode === 'canned' ? html`<b dir="auto">${item.title}</b>${item.shortcut ? html` <bdi class="quiet" dir="ltr">/${item.shortcut}</bdi>` : nothing} <span class="quiet" dir="auto">${item.text.slice(0, 120)}</span>` : html`<bdi>${item.name}</bdi>`}</li>`)}</ul></div>`;
}

// -- the box ---------------------------------------------------------------------------------------------------------------

/** Where CSS does not let a box grow with its text. */
function grow(box) {
  if (!box || CSS.supports('field-sizing', 'content')) return;
  box.style.blockSize = 'auto';
  box.style.blockSize = `${box.scrollHeight + 2}px`;
}

function pasted(event, id, kind, own) {
  const {files, types} = event.clipboardData;
  // What is copied from an office program is a text, and a picture of it.
  if (!files.length || types.includes('text/plain')) return;
  event.preventDefault();
  own.addFiles(id, kind, files);
}

function dropped(event, id, kind, own) {
  if (!event.dataTransfer?.files.length) return;
  event.preventDefault();
  own.addFiles(id, kind, event.dataTransfer.files);
}

function box(state, id, kind, draft, situation, own) {
  const shown = own.picks(id, kind);
  const words = draft?.text ?? '';
  const label = kind === 'note' ? 'write_note' : situation.target.surface === 'public' ? 'write_public' : 'write_reply';
  return html`<textarea id="compose" data-draft=${draftKey(id, kind)} dir="auto" rows="2" autocomplete="off" aria-label=${text(label)} aria-describedby="target" placeholder=${text(label)} enterkeyhint="enter"
    aria-autocomplete=${shown ? 'list' : nothing} aria-controls=${shown?.items.length ? 'picks' : nothing} aria-activedescendant=${shown?.items.length ? `pick-${shown.index}` : nothing}
    .value=${live(words)} @input=${(event) => {
      grow(event.target);
      own.typed(id, kind, event.target);
    }} @keydown=${(event) => own.pressed(event, id, kind)} @blur=${own.closePicker} @paste=${(event) => pasted(event, id, kind, own)} ${ref(grow)}></textarea>`;
}

function counted(draft, situation, conversation) {
  if (situation.kind === 'note' || !draft) return nothing;
  const {text_limit: most, text_unit: unit} = permission(situation.target, conversation.can_reply);
  if (!most) return nothing;
  const length = lengthIn(draft.text, unit);
  return length < most * NEARLY ? nothing : html`<span class="count ${length > most ? 'over' : ''}" role="status">${text('count', {length, most})}</span>`;
}

/** The field keeps the focus, and a phone its keyboard, when something beside it is pressed. */
const keepsFocus = (event) => event.preventDefault();

function sendButtons(state, conversation, draft, situation, own) {
  const {id} = conversation;
  const {kind, target, blocks, ways} = situation;
  const codes = new Set(blocks.map((block) => block.code));
  const press = (words, click, {off = false, kind: style = 'primary'} = {}) => html`<button type="button" class=${style} aria-disabled=${off ? 'true' : 'false'} @mousedown=${keepFocus} @click=${click}>${words}</button>`;
  if (codes.has('held')) {
    const others = blocks.filter((block) => block.code !== 'held' && block.code !== 'empty');
    const armed = state.writing.armed === id;
    const name = agentName(state, conversation.agent);
    return html`${ways.includes('take_over') ? press(text(armed ? 'take_over_sure' : 'take_over_and_send', {name}), () => own.takeOverAndSend(id), {off: codes.has('empty') || others.length > 0, kind: armed ? 'danger' : ''}) : nothing}
      ${press(text('save_as_note'), () => own.saveAsNote(id), {off: codes.has('empty') || codes.has('uploading')})}`;
  }
  const words = kind === 'note' ? 'save_note' : target.surface === 'public' ? 'answer_in_public' : 'send';
  return press(text(words), () => own.send(id, kind), {off: blocks.length > 0});
}

/** A press of Send leaves the focus in the text, and with it a phone's keyboard on the screen. */
const keepFocus = (event) => event.preventDefault();

const kindButton = (id, kind, chosen, own, words) => html`<button type="button" class="kind" aria-pressed=${kind === chosen ? 'true' : 'false'} @click=${() => own.setKind(id, kind)}>${words}</button>`;

function attachButton(id, kind, draft, own) {
  const isFull = (draft?.files.length ?? 0) + own.uploads(id, kind).length >= MOST_FILES;
  const chosen = (event) => {
    own.addFiles(id, kind, event.target.files);
    event.target.value = '';
  };
  return html`<label class="button attach ${isFull ? 'off' : ''}"><svg class="glyph" viewBox="0 0 24 24" aria-hidden="true"><path d="M20 11.5l-8.2 8.2a5 5 0 0 1-7.1-7.1l8.6-8.6a3.4 3.4 0 0 1 4.8 4.8l-8.5 8.5a1.7 1.7 0 0 1-2.4-2.4l7.7-7.7"/></svg><span class="hidden">${text('attach')}</span><input type="file" multiple ?disabled=${isFull} @change=${chosen}></label>`;
}

/** The composer of the open conversation. */
export function composerRegion(state, actions, own) {
  const id = state.open;
  const thread = state.threads.get(id);
  const conversation = thread?.conversation;
  if (!id || !thread?.ready || !conversation || !state.me || !state.writing.isReady) return nothing;
  const does = {...own, reopen: actions.reopen};
  const kind = own.kindOf(id);
  const draft = state.drafts.get(draftKey(id, kind)) ?? null;
  const situation = own.look(id, kind);
  const style = kind === 'note' ? 'note' : situation.target.surface;
  const other = situation.target?.surface === 'public' ? 'private' : 'public';
  const canTurn = kind === 'reply' && conversation.can_reply?.[other]?.allowed && !situation.ways.includes('other_surface') && !situation.change;
  return html`<section class="composer ${style}" aria-label=${text('composer')} @dragover=${(event) => event.dataTransfer?.types.includes('Files') && event.preventDefault()} @drop=${(event) => dropped(event, id, kind, own)}>
    ${outgoing(state, id, own)}
    ${notices(state, conversation, draft, situation, does)}
    <div class="kinds" role="group" aria-label=${text('kind')}>${kindButton(id, 'reply', kind, own, text('reply'))}${kindButton(id, 'note', kind, own, text('note'))}
      ${canTurn ? button(text(`answer_in_${other}`), () => own.otherSurface(id), {kind: 'plain'}) : nothing}${state.drafts.has(draftKey(id, kind === 'note' ? 'reply' : 'note')) ? html`<span class="chip">${text(kind === 'note' ? 'has_reply_draft' : 'has_note_draft')}</span>` : nothing}</div>
    <div class="writes">${pickerOf(id, kind, own)}${repeat([draftKey(id, kind)], (key) => key, () => box(state, id, kind, draft, situation, own))}</div>
    ${filesOf(state, id, kind, draft, own)}
    ${targetLine(state, conversation, situation)}
    <div class="sends" @mousedown=${keepsFocus}>${attachButton(id, kind, draft, own)}<button type="button" aria-label=${text('canned_answers')} title="${text('canned_answers')} (/)" @click=${() => own.openCanned(id, kind)}><span aria-hidden="true">/</span></button>${counted(draft, situation, conversation)}
      <span class="grows"></span>${sendButtons(state, conversation, draft, situation, own)}</div>
  </section>`;
}
