// Small pieces that several regions show: times, chips, marks.

import {html, nothing} from './vendor/lit-html/lit-html.js';
import {duration, fullTime, shortTime, text} from './words.js';

export const time = (at, now) => html`<time datetime=${at} title=${fullTime(at)}>${shortTime(at, now)}</time>`;

/** A short mark. Its kind is said by its words as well as by its colour. */
export const chip = (words, kind = '') => html`<span class="chip ${kind}">${words}</span>`;

/** How long until a clock is due, or since when it is late. */
export function dueChip(due, now, metric = false) {
  const left = new Date(due.at ?? due.due_at).getTime() - now;
  const name = metric && due.metric ? `${text(`clock_${due.metric}`)}: ` : '';
  if (due.state === 'paused') return chip(`${name}${text('clock_paused')}`, 'calm');
  if (left < 0) return chip(`${name}${text('late_by', {time: duration(-left)})}`, 'hot');
  return chip(`${name}${text('due_in', {time: duration(left)})}`, left < 5 * 60_000 ? 'warm' : 'calm');
}

export const button = (words, click, {kind = '', disabled = false, title = nothing, id = nothing} = {}) =>
  html`<button type="button" class=${kind} id=${id} ?disabled=${disabled} title=${title} @click=${click}>${words}</button>`;
