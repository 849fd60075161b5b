// The thread: messages by day, what happened between them in one line each, notes apart.

import {html, nothing} from './vendor/lit-html/lit-html.js';
import {repeat} from './vendor/lit-html/directives/repeat.js';
import {NEAR} from './threads.js';
import {paragraphsOf, partsOf} from './prose.js';
import {channelName, clockTime, dayName, duration, fullTime, hasText, languageName, number, text} from './words.js';


function prose(line, masked) {
  return partsOf(line, masked).map(({kind, text: words}) => {
    if (kind === 'link') return html`<a href=${words} target="_blank" rel="noopener noreferrer nofollow" dir="ltr">${words}</a>`;
    if (kind === 'mail') return html`<a href="mailto:${words}" rel="noopener noreferrer" dir="ltr">${words}</a>`;
    if (kind === 'hidden') return html`<span class="secret">${text('hidden_secret', {kind: secretName(words.slice(1, -1))})}</span>`;
    if (kind === 'code') return html`<bdi dir="ltr" class="run">${words}</bdi>`;
    return words;
  });
}

const secretName = (kind) => (hasText(`secret_${kind}`) ? text(`secret_${kind}`) : kind);

const proseOf = (message) => paragraphsOf(message.text).map((line) => html`<p dir="auto">${line ? prose(line, message.masked) : html`<br>`}</p>`);

const IMAGE = /^image\/(?:png|jpeg|gif|webp|avif|bmp)$/;
const size = (bytes) => (bytes >= 1_000_000 ? `${number(Math.round(bytes / 100_000) / 10)} MB` : `${number(Math.max(1, Math.round(bytes / 1000)))} kB`);

function attachment(file) {
  const name = file.name ?? text(`attachment_${file.kind}`);
  if (file.kind === 'location') return html`<p class="file">${text('attachment_location')} <bdi dir="ltr">${[file.details.latitude, file.details.longitude].filter((one) => one !== undefined).join(', ')}</bdi></p>`;
  if (!file.url) return html`<p class="file">${name}</p>`;
  const type = file.media_type ?? '';
  if (IMAGE.test(type)) return html`<a class="picture" href=${file.url} target="_blank" rel="noopener noreferrer"><img src=${file.url} alt=${text('picture_named', {name})} loading="lazy" decoding="async"></a>`;
  if (type.startsWith('audio/')) return html`<audio controls preload="none" src=${file.url} aria-label=${name}></audio>`;
  if (type.startsWith('video/')) return html`<video controls preload="none" src=${file.url} aria-label=${name}></video>`;
  return html`<a class="file" href=${file.url} download=${file.name ?? ''} rel="noopener"><bdi>${name}</bdi>${file.size_bytes ? html` <span class="quiet">${size(file.size_bytes)}</span>` : nothing}</a>`;
}

/** Who wrote a message, by name. */
export function author(message, state) {
  if (message.author.kind === 'agent' && message.author.id === state.me?.id) return text('you');
  if (message.author.name) return message.author.name;
  if (message.author.kind === 'agent') return state.agents.get(message.author.id)?.name ?? message.author.id;
  if (message.author.kind === 'customer') return state.threads.get(message.conversation)?.name ?? text('the_customer');
  return text(`author_${message.author.kind}`);
}

function whatWentWrong(message) {
  const {error} = message;
  if (!error) return text('state_failed');
  if (error.code === 'outcome_unknown') return text('outcome_unknown');
  return error.detail ?? error.code;
}

function stateLine(message, actions) {
  if (message.direction !== 'outbound') {
    return message.state === 'edited' || message.state === 'deleted' ? html`<span class="state">${text(`state_${message.state}`)}</span>` : nothing;
  }
  if (message.state !== 'failed') return html`<span class="state">${text(`state_${message.state}`)}</span>`;
  const unknown = message.error?.code === 'outcome_unknown';
  return html`<span class="state failed">${text('state_failed')}: <bdi>${whatWentWrong(message)}</bdi>
    ${unknown || !actions.sendAgain ? nothing : html`<button type="button" @click=${() => actions.sendAgain(message)}>${text('send_again')}</button>`}
    ${message.text ? html`<button type="button" @click=${() => actions.copy(message.text)}>${text('copy')}</button>` : nothing}</span>`;
}

// What a customer answered in a survey: each question as it was shown, else its id.
function answersOf(answers) {
  return html`<dl>${answers.map((one) => html`<dt class="quiet" dir="auto">${one.question ?? one.ref}</dt><dd dir="auto">${answerText(one.value)}</dd>`)}</dl>`;
}

function answerText(value) {
  if (Array.isArray(value)) return value.map(answerText).join(', ');
  if (value !== null && typeof value === 'object') return Object.values(value).map(answerText).join(', ');
  if (typeof value === 'boolean') return value ? '✓' : '✗';
  return String(value ?? '–');
}

/** What a message says: its words, its files, what became of it. */
export function body(message) {
  if (message.state === 'deleted') return html`<p class="quiet">${text('message_deleted')}</p>`;
  if (message.content_removed) return html`<p class="quiet">${text(`content_removed_${message.content_removed.code}`)}</p>`;
  return html`
    ${message.subject ? html`<p class="subject" dir="auto">${message.subject}</p>` : nothing}
    ${message.quote ? html`<blockquote dir="auto">${message.quote}</blockquote>` : nothing}
    ${message.review ? html`<p class="quiet">${text('stars', {n: message.review.stars ?? 0})}</p>` : nothing}
    ${message.review?.title ? html`<p class="subject" dir="auto">${message.review.title}</p>` : nothing}
    ${message.answers?.length ? answersOf(message.answers) : nothing}
    ${message.call ? html`<p>${text('telephone_call')}: ${hasText(`call_${message.call.state}`) ? text(`call_${message.call.state}`) : message.call.state}${message.call.seconds ? html` (${duration(message.call.seconds * 1000)})` : nothing}</p>` : nothing}
    ${message.text ? proseOf(message) : nothing}
    ${message.attachments.map(attachment)}
    ${message.reactions?.length ? html`<p class="reactions">${message.reactions.map((one) => html`<span title=${one.author.name ?? ''}>${one.emoji ?? '♥'}</span>`)}</p>` : nothing}`;
}

function messageView(message, state, actions) {
  const who = author(message, state);
  const kind = message.direction === 'note' ? 'note' : message.direction;
  const open = message.surface === 'public' && kind !== 'note';
  return html`<article class="message ${kind} ${open ? 'public' : ''} ${message.state === 'failed' ? 'is-failed' : ''}" id="m-${message.id}" aria-label=${text(`said_by_${kind}`, {name: who, time: clockTime(message.received_at)})}>
    <div class="by">${kind === 'note' ? html`<span class="tag">${text('note')}</span>` : nothing}<bdi>${who}</bdi>${open ? html`<span class="tag">${text('public')}</span>` : nothing}
      <time datetime=${message.received_at} title=${fullTime(message.received_at)}>${clockTime(message.received_at)}</time></div>
    <div class="said">${body(message)}</div>
    ${stateLine(message, actions)}
  </article>`;
}

const line = (item) => html`<p class="event"><span dir="auto">${item.words}</span> <time datetime=${item.at} title=${fullTime(item.at)}>${clockTime(item.at)}</time></p>`;

/** Why a conversation is resolved without anybody's decision. */
const REASONS = {no_answer: 'event_resolved_silent', call_ended: 'event_resolved_call', erased: 'event_erased'};

const FACTS = {
  resolved: ({data}, name) => (REASONS[data.reason] ? text(REASONS[data.reason]) : name ? text('event_resolved_by', {name}) : text('event_resolved')),
  reopened: (_, name) => (name ? text('event_reopened_by', {name}) : text('event_reopened')),
  closed: () => text('event_closed'),
  erased: () => text('event_erased'),
  snoozed: ({data}) => text('event_snoozed', {time: fullTime(data.snapshot.snoozed_until ?? data.at)}),
  woken: () => text('event_woken'),
  handoff_started: () => text('event_handoff_started'),
  handoff_completed: ({data}) => text('event_handoff_completed', {channel: channelName(data.snapshot.handoff?.private_channel ?? data.snapshot.channel)}),
  handoff_expired: () => text('event_handoff_expired'),
};

/** What happened, as lines of the thread: the decisions, and the facts that nobody wrote. */
export function eventLines(thread, state) {
  const lines = (thread.decisions ?? []).map((decision) => ({id: decision.id, at: decision.at, words: decision.summary}));
  for (const event of thread.events ?? []) {
    const word = FACTS[event.type.replace('pasokh.conversation.', '')];
    const name = event.data.agent ? (event.data.agent === state.me?.id ? text('you') : (state.agents.get(event.data.agent)?.name ?? event.data.agent)) : null;
    if (word) lines.push({id: event.id, at: event.data.at ?? event.time, words: word(event, name)});
  }
  return lines;
}

/** Messages, lines and day breaks in the order of time. */
export function itemsOf(thread, state) {
  const {messages} = thread;
  if (!messages.length) return eventLines(thread, state).map((one) => ({...one, key: `e${one.id}`, kind: 'line'}));
  const from = thread.older_cursor ? messages[0].received_at : '';
  const until = thread.at_end ? '~' : messages.at(-1).received_at;
  const lines = eventLines(thread, state).filter((one) => one.at >= from && one.at <= until).map((one) => ({...one, key: `e${one.id}`, kind: 'line'}));
  const said = messages.map((message) => ({key: message.id, kind: 'message', at: message.received_at, message}));
  const all = [...said, ...lines].sort((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : 0));
  const items = [];
  let day = null;
  for (const item of all) {
    const this_day = new Date(item.at).toDateString();
    if (this_day !== day) items.push({key: `d${this_day}`, kind: 'day', at: item.at});
    day = this_day;
    items.push(item);
  }
  return items;
}

function itemView(item, state, actions, thread) {
  if (item.kind === 'day') return html`<h2 class="day"><time datetime=${item.at}>${dayName(item.at, state.now())}</time></h2>`;
  if (item.kind === 'line') return line(item);
  const mark = thread.first_new === item.message.id ? html`<p class="new-mark"><span>${text('new_messages')}</span></p>` : nothing;
  return html`${mark}${messageView(item.message, state, actions)}`;
}

/** The messages of the open conversation. */
export function threadRegion(state, actions) {
  const thread = state.threads.get(state.open);
  if (!thread?.ready) return html`<div class="thread" id="thread" aria-busy="true"><p class="empty quiet">${text(thread?.problem ?? 'loading')}</p></div>`;
  const items = itemsOf(thread, state);
  const more = thread.newer || (!thread.at_end || thread.reads_above ? -1 : 0);
  const holder = thread.conversation.agent && thread.conversation.agent !== state.me?.id ? (state.agents.get(thread.conversation.agent)?.name ?? thread.conversation.agent) : null;
  return html`${thread.gone ? html`<p class="banner warm" role="status">${holder ? text('gone_to', {name: holder}) : text('gone_now')}</p>` : nothing}<div class="thread" id="thread" tabindex="0" role="group" aria-label=${text('messages')} @scroll=${actions.threadScrolled}>
    ${thread.older_cursor ? html`<p class="quiet more">${text('loading')}</p>` : html`<p class="quiet more">${text('thread_begins', {channel: channelName(thread.conversation.channel), language: languageName(thread.conversation.language ?? state.language)})}</p>`}
    <div class="messages" role="log" aria-live="off" aria-label=${text('messages')}>${repeat(items, (item) => item.key, (item) => itemView(item, state, actions, thread))}</div>
  </div>
  ${more ? html`<button type="button" class="to-end" @click=${actions.toEnd}>${more > 0 ? text('new_n', {n: more}) : text('to_newest')} ↓</button>` : nothing}`;
}

/** Before rendering: what is seen first, and where. */
export function threadAnchor(root) {
  const scroller = root.querySelector('#thread');
  if (!scroller) return null;
  const at_end = atEnd.get(scroller) ?? isAtEnd(scroller);
  const top = scroller.getBoundingClientRect().top;
  for (const element of scroller.querySelectorAll('.message')) {
    const box = element.getBoundingClientRect();
    if (box.bottom > top) return {conversation: scroller.dataset.id, id: element.id, from: box.top - top, at_end};
  }
  return {conversation: scroller.dataset.id, id: null, from: 0, at_end};
}

/** Keeps the end in view when there is less room: a keyboard comes up, the field grows. */
const atEnd = new WeakMap();
const sizes = globalThis.ResizeObserver && new ResizeObserver((changes) => {
  for (const {target} of changes) if (atEnd.get(target)) target.scrollTop = target.scrollHeight;
});

function remember(scroller) {
  if (!atEnd.has(scroller)) {
    sizes?.observe(scroller);
    scroller.addEventListener('scroll', () => atEnd.set(scroller, isAtEnd(scroller)), {passive: true});
  }
  atEnd.set(scroller, isAtEnd(scroller));
}

const isAtEnd = (scroller) => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR;

/** After rendering: what was seen is where it was; who was at the end is there still. */
export function settleThread(root, before, thread, open) {
  const scroller = root.querySelector('#thread');
  if (!scroller || !thread?.ready) return;
  const fresh = scroller.dataset.id !== open;
  scroller.dataset.id = open;
  if (fresh || (before?.at_end && thread.at_end)) {
    scroller.scrollTop = scroller.scrollHeight;
  } else {
    const element = before?.id ? root.querySelector(`#${CSS.escape(before.id)}`) : null;
    const moved = element ? element.getBoundingClientRect().top - scroller.getBoundingClientRect().top - before.from : 0;
    if (Math.abs(moved) >= 1) scroller.scrollTop += moved;
  }
  remember(scroller);
}
