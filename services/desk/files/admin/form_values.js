// What stands in the fields of a form, and the body that it makes: both ways, and nothing that a form does not show is lost. Pure.

/** @typedef {import('./forms.js').Field} Field */

const UNITS = {seconds: 1, minutes: 60, hours: 3600, days: 86400};
export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const NOTHING = undefined;
/** Where an object keeps what its form does not show, and the names of what was written. */
const REST = '$rest';
const HAD = '$had';

// -- from a body -------------------------------------------------------------------------------------------------------

/** What stands in the fields for a value; without one, what the schema falls back on. @param {Field} field */
export function draftOf(field, value) {
  return READERS[field.kind](field, value === NOTHING ? field.fallback : value, value);
}

const asList = (value) => (value === NOTHING || value === null ? [] : [].concat(value));

const READERS = {
  text: (_, value) => (value === null || value === NOTHING ? '' : String(value)),
  zone: (_, value) => value ?? '',
  choice: (_, value) => value ?? '',
  // What is stored is never shown.
  secret: (_, __, written) => ({text: '', stored: written !== NOTHING && written !== null}),
  number: (_, value) => (value === null || value === NOTHING ? '' : String(value)),
  duration: (_, value) => splitSeconds(value),
  boolean: (field, value) => (field.nullable && (value === null || value === NOTHING) ? '' : Boolean(value)),
  choices: (_, value) => asList(value).map(String),
  languages: (_, value) => asList(value),
  // A credential that is no secret reads "set" too.
  list: (field, value, written) => ({items: asList(value).filter((one) => one !== 'set').map(String), stored: asList(written).includes('set')}),
  map: (field, value) => entriesOf(value, field.fallback).map(([key, one]) => ({key, value: draftOf(field.item, one)})),
  texts: (_, value) => (value && typeof value === 'object' ? {one: '', many: Object.entries(value).map(([key, text]) => ({key, text}))} : {one: value ?? '', many: []}),
  calendar: (_, value) => calendarDraft(value),
  object: (field, value, written) => objectDraft(field, value ?? {}, written),
  objects: (field, value) => asList(value).map((one) => draftOf(field.item, one)),
};

/** One value for all stands for its `default`; null, where there could be entries, for never. */
function entriesOf(value, fallback) {
  if (value !== null && typeof value === 'object') return Object.entries(value);
  return typeof value === 'number' || fallback?.default !== NOTHING ? [['default', value]] : [];
}

function objectDraft(field, value, written) {
  const shown = new Set(field.fields.map((one) => one.name));
  const draft = {};
  for (const one of field.fields) draft[one.name] = draftOf(one, value[one.name]);
  draft[REST] = Object.fromEntries(Object.entries(written ?? {}).filter(([name]) => !shown.has(name)));
  draft[HAD] = Object.keys(written ?? {});
  return draft;
}

/** Seconds in the largest unit in which they are a whole number. */
export function splitSeconds(seconds) {
  if (seconds === null || seconds === NOTHING) return {amount: '', unit: 'minutes'};
  const [unit] = Object.entries(UNITS).filter(([, size]) => seconds % size === 0 && seconds >= size).at(-1) ?? ['seconds'];
  return {amount: String(seconds / UNITS[unit]), unit};
}

function calendarDraft(value) {
  const days = Object.fromEntries(DAYS.map((day) => [day, (value?.hours?.[day] ?? []).map((span) => [...span])]));
  return {open: Boolean(value), timezone: value?.timezone ?? '', days, holidays: [...(value?.holidays ?? [])]};
}

// -- to a body ---------------------------------------------------------------------------------------------------------

/** The value that the fields make; `undefined`: it is left out. @param {Field} field */
export function valueOf(field, draft) {
  return WRITERS[field.kind](field, draft);
}

/** Digits as keyboards of all languages write them, as a number; NaN for what is none. */
export function numberOf(text) {
  const plain = String(text)
    .replace(/[۰-۹]/g, (digit) => String(digit.codePointAt(0) - 0x6f0))
    .replace(/[٠-٩]/g, (digit) => String(digit.codePointAt(0) - 0x660))
    .replace(/[٫,]/g, '.')
    .trim();
  return plain === '' ? NaN : Number(plain);
}

/** Left out where nothing is written; null where that is another thing than the fallback. */
const absent = (field) => (field.nullable && field.fallback !== NOTHING && field.fallback !== null ? null : NOTHING);
const text = (field, draft) => (draft.trim() === '' ? absent(field) : draft.trim());
const numeric = (field, draft, unit = 1) => (draft.trim() === '' ? absent(field) : numberOf(draft) * unit);
const filled = (items) => items.map((one) => one.trim()).filter(Boolean);

const WRITERS = {
  text,
  zone: text,
  choice: text,
  secret: (_, draft) => (draft.text.trim() ? draft.text.trim() : draft.stored ? 'set' : NOTHING),
  number: numeric,
  duration: (field, draft) => numeric(field, draft.amount, UNITS[draft.unit]),
  boolean: (_, draft) => (draft === '' ? NOTHING : draft),
  choices: (field, draft) => (draft.length || field.required ? draft : NOTHING),
  languages: (field, draft) => (draft.length || field.required ? draft : NOTHING),
  list(field, draft) {
    const items = filled(draft.items);
    if (items.length === 0 && draft.stored) return 'set';
    if (items.length === 0 && !field.required && !field.fallback?.length) return NOTHING;
    return field.item?.kind === 'number' ? items.map(numberOf) : items;
  },
  map(field, draft) {
    const entries = draft.filter((one) => one.key.trim()).map((one) => [one.key.trim(), valueOf(field.item, one.value) ?? null]);
    // Without entries it is left out where nothing is the fallback anyway.
    return entries.length || (field.fallback && Object.keys(field.fallback).length) ? Object.fromEntries(entries) : NOTHING;
  },
  texts(_, draft) {
    const many = draft.many.filter((one) => one.key.trim() && one.text.trim()).map((one) => [one.key.trim(), one.text.trim()]);
    if (many.length) return Object.fromEntries(many);
    return draft.one.trim() ? draft.one.trim() : NOTHING;
  },
  calendar(_, draft) {
    if (!draft.open) return NOTHING;
    const hours = Object.fromEntries(DAYS.filter((day) => draft.days[day].length).map((day) => [day, draft.days[day]]));
    return {...(draft.timezone ? {timezone: draft.timezone} : {}), hours, holidays: filled(draft.holidays).sort()};
  },
  object(field, draft) {
    const body = {...draft[REST]};
    for (const one of field.fields) {
      const value = valueOf(one, draft[one.name]);
      // What nobody wrote and is as without it stays unwritten: a default of a later version then holds.
      const isSaid = one.required || draft[HAD].includes(one.name) || !isSame(value, valueOf(one, draftOf(one, NOTHING)));
      if (value !== NOTHING && isSaid) body[one.name] = value;
    }
    return Object.keys(body).length || field.required ? body : NOTHING;
  },
  objects: (field, draft) => draft.map((one) => valueOf(field.item, one) ?? {}),
};

/** Whether two bodies say the same, in whatever order. */
export function isSame(one, other) {
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}

// -- what is wrong before it is sent -----------------------------------------------------------------------------------

/**
 * What the fields themselves show to be wrong: `{pointer, code, params}`. The server knows the rest.
 * @param {Field} field
 */
export function problemsOf(field, draft, pointer = '') {
  if (field.kind === 'object') {
    if (!field.required && pointer && valueOf(field, draft) === NOTHING) return [];
    return field.fields.flatMap((one) => problemsOf(one, draft[one.name], `${pointer}/${one.name}`));
  }
  if (field.kind === 'objects') return draft.flatMap((one, index) => problemsOf(field.item, one, `${pointer}/${index}`));
  const check = CHECKS[field.kind];
  const found = check ? check(field, draft) : null;
  return found ? [{pointer, code: found[0], params: found[1] ?? {}}] : [];
}

const isMissing = (field, empty) => field.required && empty && field.fallback === NOTHING;

function textProblem(field, written) {
  const value = written.trim();
  if (field.keeps && value === 'set') return null;
  if (value === '') return isMissing(field, true) ? ['needed'] : null;
  if (field.maxLength && [...value].length > field.maxLength) return ['too_long', {n: field.maxLength}];
  if (field.minLength && [...value].length < field.minLength) return ['too_short', {n: field.minLength}];
  if (field.pattern && !matches(field.pattern, value)) return ['wrong_form'];
  return null;
}

function matches(pattern, value) {
  try {
    return new RegExp(pattern).test(value);
  } catch {
    // A pattern that browsers do not know: the server tells.
    return true;
  }
}

function numberProblem(field, written, unit = 1) {
  if (written.trim() === '') return isMissing(field, true) ? ['needed'] : null;
  const value = numberOf(written) * unit;
  if (Number.isNaN(value)) return ['no_number'];
  if (field.whole && !Number.isInteger(value)) return ['no_whole_number'];
  if (field.minimum !== undefined && value < field.minimum) return ['too_small', {n: field.minimum / unit}];
  if (field.above !== undefined && value <= field.above) return ['too_small_above', {n: field.above / unit}];
  if (field.maximum !== undefined && value > field.maximum) return ['too_large', {n: field.maximum / unit}];
  return null;
}

function calendarProblem(_, draft) {
  if (!draft.open) return null;
  const spans = DAYS.flatMap((day) => draft.days[day]);
  if (spans.length === 0) return ['no_hours'];
  return spans.some(([from, until]) => !from || !until || from >= until) ? ['hours_backwards'] : null;
}

const CHECKS = {
  text: textProblem,
  zone: textProblem,
  choice: textProblem,
  secret: (field, draft) => (draft.text.trim() === '' && draft.stored ? null : textProblem(field, draft.text)),
  number: numberProblem,
  duration: (field, draft) => numberProblem(field, draft.amount, UNITS[draft.unit]),
  calendar: calendarProblem,
  choices: (field, draft) => (isMissing(field, draft.length === 0) ? ['needed'] : null),
  languages: (field, draft) => (isMissing(field, draft.length === 0) ? ['needed'] : null),
  list(field, draft) {
    const items = filled(draft.items);
    if (isMissing(field, items.length === 0 && !draft.stored)) return ['needed'];
    return field.item?.kind === 'number' && items.some((one) => Number.isNaN(numberOf(one))) ? ['no_number'] : null;
  },
  map(field, draft) {
    for (const one of draft) {
      if (!one.key.trim()) continue;
      const [found] = problemsOf(field.item, one.value);
      if (found) return [found.code, found.params];
    }
    return null;
  },
};
