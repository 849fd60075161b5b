// The timeline of a customer: the messages of all channels as one list, the newest first, read as one scrolls.

import {html, nothing} from '../vendor/lit-html/lit-html.js';
import {repeat} from '../vendor/lit-html/directives/repeat.js';
import {button} from '../parts.js';
import {author, body} from '../thread.js';
import {channelName, clockTime, dayName, fullTime, text} from '../words.js';
import {itemsOf, openTimeline, readOn} from './messages.js';

/** So near to the end, in pixels, the next page is read. */
const NEAR = 400;

function itemView({at, message}, state, actions) {
  if (!message) return html`<li class="when-day"><h3><time datetime=${at}>${dayName(at, state.now())}</time></h3></li>`;
  const open = (event) => {
    event.preventDefault();
    actions.closeDialog();
    actions.open(message.conversation);
  };
  return html`<li class="told ${message.direction}"><div class="by"><span class="tag">${channelName(message.channel)}</span>${message.direction === 'note' ? html`<span class="tag">${text('note')}</span>` : nothing}<bdi>${author(message, state)}</bdi>
      <time datetime=${at} title=${fullTime(at)}>${clockTime(at)}</time><a href="/desk/c/${message.conversation}" @click=${open} aria-label=${text('open_conversation_of', {channel: channelName(message.channel), time: fullTime(at)})}>${text('open_conversation')}</a></div>
    <div class="said">${body(message)}</div></li>`;
}

function tail(state, actions, data) {
  const again = () => openTimeline(state, actions, data.id);
  const customer = state.threads.get(data.id)?.customer;
  if (data.problem || customer?.updated_at !== data.since) {
    return html`<p class="problem" role="status">${data.problem ?? text('timeline_changed')}</p>${customer ? html`<p>${button(text('timeline_again'), again)}</p>` : nothing}`;
  }
  if (data.reading) return html`<p class="quiet" role="status" aria-busy="true">${text('loading')}</p>`;
  if (data.ended) return html`<p class="quiet">${text(data.items.length ? 'timeline_ends' : 'timeline_empty')}</p>`;
  return html`<p>${button(text('show_more'), () => readOn(actions, data))}</p>`;
}

function timeline(state, actions, data) {
  const scrolled = ({currentTarget: list}) => {
    if (list.scrollHeight - list.scrollTop - list.clientHeight < NEAR) void readOn(actions, data);
  };
  return html`<div class="timeline" tabindex="0" role="group" aria-label=${text('messages')} @scroll=${scrolled}>
    <ul>${repeat(itemsOf(data.items), (item) => item.key, (item) => itemView(item, state, actions))}</ul>${tail(state, actions, data)}</div>`;
}

/** Name → its title and what is in it. */
export const DIALOGS = {timeline: {title: () => text('timeline_of'), body: timeline, wide: true}};
