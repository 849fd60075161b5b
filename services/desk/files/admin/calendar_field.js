// Opening hours: a time zone, the spans of each weekday, and days that are closed.

import {html, nothing} from '../vendor/lit-html/lit-html.js';
import {live} from '../vendor/lit-html/directives/live.js';
import {text, weekday} from '../words.js';
import {DAYS} from './form_values.js';

const MONDAY = Date.UTC(2026, 0, 5, 12);
const dayName = (index) => weekday(MONDAY + index * 86_400_000);

/** An input of a time has no 24:00: the end of the day is shown as 00:00 and written as it is stored. */
const shown = (time) => (time === '24:00' ? '00:00' : time);
const stored = (time, isEnd) => (isEnd && time === '00:00' ? '24:00' : time);

export function calendarField(field, draft, change, context, pointer) {
  const opened = (event) => {
    const weekdays = event.target.checked && !DAYS.some((day) => draft.days[day].length);
    const days = weekdays ? Object.fromEntries(DAYS.map((day, index) => [day, index < 5 ? [['09:00', '17:00']] : []])) : draft.days;
    change({...draft, open: event.target.checked, days, timezone: draft.timezone || context.sources.timezone || 'UTC'});
  };
  return html`<label class="check"><input type="checkbox" .checked=${live(draft.open)} @change=${opened}> ${text('has_hours')}</label>
    ${draft.open ? hours(draft, change, pointer) : nothing}`;
}

function hours(draft, change, pointer) {
  const put = (day, spans) => change({...draft, days: {...draft.days, [day]: spans}});
  const id = `zone${pointer.replace(/[^A-Za-z0-9_-]/g, '-')}`;
  return html`<div class="field"><label for=${id}>${text('f_timezone')}</label>
      <input id=${id} type="text" dir="ltr" autocomplete="off" spellcheck="false" .value=${live(draft.timezone)} @input=${(event) => change({...draft, timezone: event.target.value})}></div>
    <ul class="days">${DAYS.map((day, index) => html`<li><span class="weekday">${dayName(index)}</span><span class="spans">
      ${draft.days[day].length === 0 ? html`<span class="quiet">${text('closed')}</span>` : nothing}
      ${draft.days[day].map((span, number) => spanFields(day, index, span, number, draft.days[day], put))}
      <button type="button" class="plain" aria-label=${text('add_hours', {day: dayName(index)})} @click=${() => put(day, [...draft.days[day], nextSpan(draft.days[day])])}>+</button></span></li>`)}</ul>
    <fieldset class="group"><legend>${text('f_holidays')}</legend>
      ${draft.holidays.map((date, number) => html`<div class="line">
        <input type="date" aria-label=${text('number_of', {name: text('f_holidays'), n: number + 1})} .value=${live(date)}
          @input=${(event) => change({...draft, holidays: draft.holidays.map((one, other) => (other === number ? event.target.value : one))})}>
        <button type="button" class="plain icon" aria-label=${text('remove_name', {name: date || String(number + 1)})} @click=${() => change({...draft, holidays: draft.holidays.filter((_, other) => other !== number)})}>✕</button></div>`)}
      <button type="button" class="plain" @click=${() => change({...draft, holidays: [...draft.holidays, '']})}>${text('add_day')}</button></fieldset>`;
}

const nextSpan = (spans) => (spans.length ? [spans.at(-1)[1] < '22:00' ? spans.at(-1)[1] : '22:00', '23:00'] : ['09:00', '17:00']);

function spanFields(day, index, span, number, spans, put) {
  const changed = (place) => (event) =>
    put(day, spans.map((one, other) => (other === number ? one.map((time, at) => (at === place ? stored(event.target.value, place === 1) : time)) : one)));
  return html`<span class="line span">
    <input type="time" aria-label=${text('opens', {day: dayName(index)})} .value=${live(shown(span[0]))} @input=${changed(0)}>
    <span aria-hidden="true">–</span>
    <input type="time" aria-label=${text('closes', {day: dayName(index)})} .value=${live(shown(span[1]))} @input=${changed(1)}>
    <button type="button" class="plain icon" aria-label=${text('remove_name', {name: `${dayName(index)} ${span.join('–')}`})} @click=${() => put(day, spans.filter((_, other) => other !== number))}>✕</button></span>`;
}
