// Fields of which there may be several: lines of text, pairs of key and value, and objects in an order.

import {html, nothing} from '../vendor/lit-html/lit-html.js';
import {live} from '../vendor/lit-html/directives/live.js';
import {text} from '../words.js';
import {draftOf} from './form_values.js';

const without = (list, index) => list.filter((_, other) => other !== index);
const replaced = (list, index, value) => list.map((one, other) => (other === index ? value : one));

/** Lines of text, one input each. */
export function lines(field, draft, change, {label, dir}) {
  const put = (items) => change({...draft, items});
  return html`
    ${draft.stored && draft.items.length === 0 ? html`<p class="quiet">${text('stored_stays')}</p>` : nothing}
    ${draft.items.map((line, index) => html`<div class="line">
      <input type=${field.date ? 'date' : 'text'} dir=${dir} autocomplete="off" aria-label=${text('number_of', {name: label, n: index + 1})} .value=${live(line)}
        @input=${(event) => put(replaced(draft.items, index, event.target.value))}>
      <button type="button" class="plain icon" aria-label=${text('remove_name', {name: line || label})} @click=${() => put(without(draft.items, index))}>✕</button>
    </div>`)}
    <button type="button" class="plain" @click=${() => put([...draft.items, ''])}>${text('add')}</button>`;
}

/** Rows of a key and a value. */
export function entries({rows, change, key, value, add, name, fresh, after = nothing}) {
  return html`${rows.map((row, index) => {
      const put = (next) => change(replaced(rows, index, next));
      return html`<div class="line entry">${key(row, put)}${value(row, put)}
        <button type="button" class="plain icon" aria-label=${text('remove_name', {name: name(row) || String(index + 1)})} @click=${() => change(without(rows, index))}>✕</button></div>`;
    })}
    ${after}<button type="button" class="plain" @click=${() => change([...rows, fresh()])}>${add}</button>`;
}

/** Objects in an order, which can be moved. */
export function objects(field, draft, change, {name, item}) {
  const move = (index, by) => {
    const next = [...draft];
    [next[index], next[index + by]] = [next[index + by], next[index]];
    change(next);
  };
  const called = (index) => text('number_of', {name, n: index + 1});
  return html`<ol class="objects">${draft.map((row, index) => html`<li>
      <div class="titled"><h3>${called(index)}</h3><span class="line">
        <button type="button" class="plain icon" ?disabled=${index === 0} aria-label=${text('move_up', {name: called(index)})} @click=${() => move(index, -1)}>↑</button>
        <button type="button" class="plain icon" ?disabled=${index === draft.length - 1} aria-label=${text('move_down', {name: called(index)})} @click=${() => move(index, 1)}>↓</button>
        <button type="button" class="plain icon" aria-label=${text('remove_name', {name: called(index)})} @click=${() => change(without(draft, index))}>✕</button></span></div>
      ${item(row, (next) => change(replaced(draft, index, next)), index)}
    </li>`)}</ol>
    <button type="button" @click=${() => change([...draft, draftOf(field.item, undefined)])}>${text('add_one', {name})}</button>`;
}
