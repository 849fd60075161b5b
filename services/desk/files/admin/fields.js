// The fields of a form: label, help, what is wrong, and the element of its kind.
//
// A field gets its draft and calls `change(draft)`; `context` has `errors` (pointer → sentences), `sources` (name → [{id, name}]) and
// `editing`: whether what is shown was stored before.

import {html, nothing} from '../vendor/lit-html/lit-html.js';
import {live} from '../vendor/lit-html/directives/live.js';
import {hasText, languageName, text} from '../words.js';
import {calendarField} from './calendar_field.js';
import {draftOf} from './form_values.js';
import {randomText} from './random.js';
import {pointerTo} from './forms.js';
import {entries, lines, objects} from './list_fields.js';

const idOf = (pointer) => `field${pointer.replace(/[^A-Za-z0-9_-]/g, '-')}`;

/** What a field is called: in the words of the page where it has any, else as the API calls it. */
export const labelOf = (field) => {
  const key = `f_${field.label === field.label.toLowerCase() ? field.label : field.name}`;
  return hasText(key) ? text(key) : hasText(`f_${field.name}`) ? text(`f_${field.name}`) : field.label;
};

/** What stands for a choice. */
export function optionName(field, option, context) {
  const found = (context.sources[field.source] ?? []).find((one) => one.id === option);
  if (found) return found.name;
  if (hasText(`o_${field.name}_${option}`)) return text(`o_${field.name}_${option}`);
  return hasText(`o_${option}`) ? text(`o_${option}`) : option;
}

/** The ids that may be chosen: those of the shop, and what is chosen although it is gone. */
export function optionsOf(field, context, chosen = []) {
  const known = field.source ? (context.sources[field.source] ?? []).map((one) => one.id) : (field.options ?? []);
  return [...known, ...chosen.filter((one) => one && !known.includes(one))];
}

const errorsOf = (pointer, context) => context.errors.get(pointer) ?? [];

/** The sentence under a field, and those that say what is wrong with it. */
function helpOf(field, pointer, context) {
  const note = field.note && hasText(`n_${field.note}`) ? text(`n_${field.note}`) : null;
  const errors = errorsOf(pointer, context);
  // What only the API describes is English.
  const described = !note && !hasText(`f_${field.name}`) && field.description ? field.description : null;
  return html`
    ${note ? html`<p class="help" id="${idOf(pointer)}-help">${note}</p>` : nothing}
    ${described ? html`<p class="help" id="${idOf(pointer)}-help" lang="en" dir="ltr">${described}</p>` : nothing}
    ${errors.length ? html`<p class="problem" id="${idOf(pointer)}-problem">${errors.map((one) => html`<span>${one}</span>`)}</p>` : nothing}`;
}

const described = (field, pointer, context) => {
  const ids = [];
  if ((field.note && hasText(`n_${field.note}`)) || (field.description && !hasText(`f_${field.name}`))) ids.push(`${idOf(pointer)}-help`);
  if (errorsOf(pointer, context).length) ids.push(`${idOf(pointer)}-problem`);
  return ids.length ? ids.join(' ') : nothing;
};

const mark = (field) => (field.required && field.fallback === undefined && !['object', 'objects'].includes(field.kind) ? html` <span class="needed">${text('needed_mark')}</span>` : nothing);

/** One field, whole. */
export function field(one, draft, change, context, pointer = '') {
  if (one.kind === 'object') return objectFields(one, draft, change, context, pointer);
  if (one.kind === 'boolean' && draft !== '' && !one.nullable) return checkField(one, draft, change, context, pointer);
  if (GROUPED.has(one.kind)) {
    return html`<fieldset class="group" id=${idOf(pointer)} aria-describedby=${described(one, pointer, context)}>
      <legend>${labelOf(one)}${mark(one)}</legend>
      ${helpOf(one, pointer, context)}
      ${ELEMENTS[one.kind](one, draft, change, context, pointer)}
    </fieldset>`;
  }
  return html`<div class="field">
    <label for=${idOf(pointer)}>${labelOf(one)}${mark(one)}</label>
    ${ELEMENTS[one.kind](one, draft, change, context, pointer)}
    ${helpOf(one, pointer, context)}
  </div>`;
}

const GROUPED = new Set(['choices', 'languages', 'list', 'map', 'texts', 'calendar', 'objects', 'duration']);

function objectFields(one, draft, change, context, pointer) {
  const inner = one.fields.map((part) =>
    field(part, draft[part.name], (value) => change({...draft, [part.name]: value}), context, pointerTo(pointer, part.name)));
  if (pointer === '' || !one.name) return inner;
  return html`<fieldset class="part" id=${idOf(pointer)}><legend>${labelOf(one)}</legend>${helpOf(one, pointer, context)}${inner}</fieldset>`;
}

function checkField(one, draft, change, context, pointer) {
  return html`<div class="field">
    <label class="check"><input type="checkbox" id=${idOf(pointer)} .checked=${live(draft)} aria-describedby=${described(one, pointer, context)}
      @change=${(event) => change(event.target.checked)}> ${labelOf(one)}</label>
    ${helpOf(one, pointer, context)}
  </div>`;
}

// -- the elements ------------------------------------------------------------------------------------------------------

const common = (one, pointer, context) => ({
  id: idOf(pointer),
  invalid: errorsOf(pointer, context).length ? 'true' : nothing,
  by: described(one, pointer, context),
});

/** Text of people runs as it is written; ids, addresses and numbers from left to right. */
const HUMAN = new Set(['name', 'title', 'text', 'greeting', 'from_name', 'intent', 'tier', 'tag']);
export const runs = (one) => (HUMAN.has(one.name) || one.kind === 'texts' ? 'auto' : 'ltr');

function textElement(one, draft, change, context, pointer) {
  const {id, invalid, by} = common(one, pointer, context);
  const shown = one.keeps && draft === 'set' ? '' : draft;
  const written = (event) => change(one.keeps && draft === 'set' && event.target.value === '' ? 'set' : event.target.value);
  const stored = one.keeps && draft === 'set' ? text('stored_stays') : nothing;
  if (one.rows || one.name === 'text') {
    return html`<textarea id=${id} rows=${one.rows ?? 5} dir="auto" .value=${live(shown)} aria-invalid=${invalid} aria-describedby=${by} placeholder=${stored} @input=${written}></textarea>`;
  }
  return html`<input id=${id} type="text" dir=${runs(one)} autocomplete="off" spellcheck=${runs(one) === 'auto' ? 'true' : 'false'} .value=${live(shown)} placeholder=${stored}
    aria-invalid=${invalid} aria-describedby=${by} aria-required=${one.required ? 'true' : nothing} @input=${written}>`;
}

/** Secrets that nobody gives: they are of one's own choice, so that a random text is best. */
const OF_ONES_OWN = new Set(['secret_token', 'identity_secret', 'verify_token', 'path_secret', 'basic_password']);

function secretElement(one, draft, change, context, pointer) {
  const {id, invalid, by} = common(one, pointer, context);
  const input = html`<input id=${id} type=${draft.shown ? 'text' : 'password'} dir="ltr" autocomplete="new-password" spellcheck="false" .value=${live(draft.text)} aria-invalid=${invalid}
    aria-describedby=${by} placeholder=${draft.stored ? text('stored_stays') : nothing} aria-required=${one.required ? 'true' : nothing} @input=${(event) => change({...draft, text: event.target.value})}>`;
  if (!OF_ONES_OWN.has(one.name)) return input;
  return html`<div class="line">${input}<button type="button" @click=${() => change({...draft, text: randomText(), shown: true})}>${text('make_one')}</button></div>`;
}

function numberElement(one, draft, change, context, pointer) {
  const {id, invalid, by} = common(one, pointer, context);
  return html`<input id=${id} class="short" type="text" inputmode="decimal" dir="ltr" autocomplete="off" .value=${live(draft)} aria-invalid=${invalid} aria-describedby=${by}
    @input=${(event) => change(event.target.value)}>`;
}

function durationElement(one, draft, change, context, pointer) {
  return html`<div class="line">
    <input class="short" type="text" inputmode="decimal" dir="ltr" autocomplete="off" aria-label=${labelOf(one)} .value=${live(draft.amount)} placeholder=${one.nullable || one.fallback === undefined ? text('none') : nothing}
      aria-invalid=${errorsOf(pointer, context).length ? 'true' : nothing} @input=${(event) => change({...draft, amount: event.target.value})}>
    <select aria-label=${text('unit_of', {name: labelOf(one)})} @change=${(event) => change({...draft, unit: event.target.value})}>
      ${['seconds', 'minutes', 'hours', 'days'].map((unit) => html`<option value=${unit} ?selected=${draft.unit === unit}>${text(`unit_${unit}`)}</option>`)}
    </select></div>`;
}

function choiceElement(one, draft, change, context, pointer) {
  const {id, invalid, by} = common(one, pointer, context);
  const empty = one.nullable || !one.required || draft === '';
  const stored = one.keeps && draft === 'set' ? html`<option value="set" selected>${text('stored_stays')}</option>` : nothing;
  return html`<select id=${id} aria-invalid=${invalid} aria-describedby=${by} @change=${(event) => change(event.target.value)}>
    ${stored}
    ${empty && one.fallback == null ? html`<option value="" ?selected=${draft === ''}>${text(one.empty === 'any' ? 'any' : 'none')}</option>` : nothing}
    ${optionsOf(one, context, [draft === 'set' ? '' : draft]).map((option) => html`<option value=${option} ?selected=${draft === option}>${optionName(one, option, context)}</option>`)}
  </select>`;
}

/** Yes, no, or whatever it is. */
function yesElement(one, draft, change, context, pointer) {
  const {id, by} = common(one, pointer, context);
  const values = {'': '', yes: true, no: false};
  const chosen = draft === '' ? '' : draft ? 'yes' : 'no';
  return html`<select id=${id} aria-describedby=${by} @change=${(event) => change(values[event.target.value])}>
    ${Object.keys(values).map((value) => html`<option value=${value} ?selected=${chosen === value}>${text(value === '' ? (one.empty === 'any' ? 'any' : 'unset') : value)}</option>`)}
  </select>`;
}

function choicesElement(one, draft, change, context) {
  const options = optionsOf(one, context, draft);
  const toggled = (option, on) => change(on ? [...draft, option] : draft.filter((other) => other !== option));
  if (options.length === 0) return html`<p class="quiet">${text('nothing_to_choose')}</p>`;
  return html`<div class="checks">${options.map((option) => html`<label class="check">
    <input type="checkbox" .checked=${live(draft.includes(option))} @change=${(event) => toggled(option, event.target.checked)}> <bdi>${optionName(one, option, context)}</bdi></label>`)}</div>`;
}

const COMMON_LANGUAGES = ['fa', 'en', 'ar', 'lv', 'ru', 'tr', 'ku', 'ps', 'ur', 'az', 'de', 'fr', 'es', 'it', 'pl', 'uk', 'lt', 'et', 'fi', 'sv', 'nl', 'pt', 'hi', 'zh', 'ja'];

function languagesElement(one, draft, change) {
  const add = (event) => {
    if (event.target.value) change([...draft, event.target.value]);
    event.target.value = '';
  };
  return html`<ul class="chosen">${draft.map((tag) => html`<li><bdi>${languageName(tag)}</bdi>
      <button type="button" class="plain icon" aria-label=${text('remove_name', {name: languageName(tag)})} @click=${() => change(draft.filter((other) => other !== tag))}>✕</button></li>`)}</ul>
    <select aria-label=${text('add_language')} @change=${add}><option value="">${text('add_language')}</option>
      ${COMMON_LANGUAGES.filter((tag) => !draft.includes(tag)).map((tag) => html`<option value=${tag}>${languageName(tag)}</option>`)}</select>`;
}

const zones = () => Intl.supportedValuesOf?.('timeZone') ?? [];
function zoneElement(one, draft, change, context, pointer) {
  const {id, invalid, by} = common(one, pointer, context);
  return html`<input id=${id} list="${id}-zones" type="text" dir="ltr" autocomplete="off" spellcheck="false" .value=${live(draft)} aria-invalid=${invalid} aria-describedby=${by} @input=${(event) => change(event.target.value)}>
    <datalist id="${id}-zones">${[...new Set(['UTC', ...zones()])].map((zone) => html`<option value=${zone}></option>`)}</datalist>`;
}

function textsElement(one, draft, change, context, pointer) {
  const split = draft.many.length > 0;
  if (!split) {
    return html`<textarea rows="3" dir="auto" aria-label=${labelOf(one)} .value=${live(draft.one)} @input=${(event) => change({...draft, one: event.target.value})}></textarea>
      <button type="button" class="plain" @click=${() => change({one: '', many: [{key: firstLanguage(context), text: draft.one}]})}>${text('per_language')}</button>`;
  }
  return entries({
    rows: draft.many,
    change: (many) => change({...draft, many}),
    empty: {key: '', text: ''},
    key: (row, put) => html`<select aria-label=${text('f_language')} @change=${(event) => put({...row, key: event.target.value})}>
      ${optionsOf({source: 'languages'}, context, [row.key]).map((tag) => html`<option value=${tag} ?selected=${tag === row.key}>${languageName(tag)}</option>`)}</select>`,
    value: (row, put) => html`<textarea rows="3" dir="auto" lang=${row.key || nothing} aria-label=${`${labelOf(one)}, ${row.key ? languageName(row.key) : ''}`} .value=${live(row.text)} @input=${(event) => put({...row, text: event.target.value})}></textarea>`,
    add: text('add_language'),
    name: (row) => (row.key ? languageName(row.key) : ''),
    fresh: () => ({key: optionsOf({source: 'languages'}, context).find((tag) => !draft.many.some((row) => row.key === tag)) ?? 'en', text: ''}),
    pointer,
  });
}
const firstLanguage = (context) => context.sources.languages?.[0]?.id ?? 'en';

function mapElement(one, draft, change, context, pointer) {
  const fixed = one.keys ?? (one.source === 'channels' ? ['default', ...(context.sources.channels ?? []).map((channel) => channel.id)] : null);
  const suggestions = one.source === 'skills' ? (context.sources.skills ?? []).map((skill) => skill.id) : [];
  const name = (key) => optionName(one, key, context);
  return entries({
    rows: draft,
    change,
    key: (row, put) => fixed
      ? html`<select aria-label=${text('what_of', {name: labelOf(one)})} @change=${(event) => put({...row, key: event.target.value})}>
          ${optionsOf({options: fixed}, context, [row.key]).map((key) => html`<option value=${key} ?selected=${key === row.key}>${name(key)}</option>`)}</select>`
      : html`<input type="text" dir="ltr" list="${idOf(pointer)}-known" autocomplete="off" spellcheck="false" aria-label=${text('what_of', {name: labelOf(one)})} .value=${live(row.key)} @input=${(event) => put({...row, key: event.target.value})}>`,
    value: (row, put) => valueElement(one, row, put, context, pointer, name),
    add: text('add'),
    name: (row) => name(row.key),
    fresh: () => ({key: fixed?.find((key) => !draft.some((row) => row.key === key)) ?? '', value: draftOf(one.item, undefined)}),
    pointer,
    after: suggestions.length ? html`<datalist id="${idOf(pointer)}-known">${suggestions.map((key) => html`<option value=${key}>${name(key)}</option>`)}</datalist>` : nothing,
  });
}

function valueElement(one, row, put, context, pointer, name) {
  const inner = {...one.item, label: name(row.key) || labelOf(one), name: ''};
  const change = (value) => put({...row, value});
  if (one.item.kind === 'duration') return durationElement({...inner, nullable: true}, row.value, change, context, `${pointer}-`);
  return html`<input class="short" type="text" inputmode="decimal" dir="ltr" autocomplete="off" aria-label=${text('how_much', {name: name(row.key)})} .value=${live(row.value)} @input=${(event) => change(event.target.value)}>`;
}

const ELEMENTS = {
  text: textElement,
  secret: secretElement,
  number: numberElement,
  duration: durationElement,
  boolean: yesElement,
  choice: choiceElement,
  choices: choicesElement,
  languages: languagesElement,
  zone: zoneElement,
  texts: textsElement,
  map: mapElement,
  list: (one, draft, change, context, pointer) => lines(one, draft, change, {label: labelOf(one), dir: runs(one), pointer}),
  calendar: calendarField,
  objects: (one, draft, change, context, pointer) => objects(one, draft, change, {
    name: labelOf({...one.item, name: one.item.label}),
    pointer,
    item: (row, put, index) => field({...one.item, name: ''}, row, put, context, `${pointer}/${index}`),
  }),
};
