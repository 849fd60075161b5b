// Forms from a JSON Schema: which field of which kind stands for each part of a body. Pure.
//
// What is written in a form and how it becomes a body again is in form_values.js.

/**
 * A part of a form. `kind`: text, secret, number, duration, boolean, choice, choices, list, map, texts (one text, or one per language),
 * object (of `fields`), objects (a list of `item`), calendar, zone, languages. `keeps`: the value "set" keeps what is stored.
 * @typedef {{
 *   name: string, kind: string, label: string, description: string, required: boolean, nullable: boolean, keeps: boolean, fallback: unknown,
 *   options?: string[], minimum?: number, maximum?: number, above?: number, whole?: boolean,
 *   minLength?: number, maxLength?: number, pattern?: string, empty?: string, rows?: number, date?: boolean,
 *   fields?: Field[], item?: Field, keys?: string[], source?: string, note?: string,
 * }} Field
 */

const TYPES = {boolean: 'boolean', integer: 'number', number: 'number'};

/** The form of a schema, which describes an object. References are looked up in `root`. @returns {Field} */
export const formOf = (schema, root = schema) => fieldOf('', schema, root, true);

/** The part of a schema that `$ref` names, with what stands beside the reference. */
function resolved(schema, root) {
  if (!schema.$ref) return schema;
  const {$ref, ...beside} = schema;
  const found = $ref.slice(2).split('/').reduce((part, key) => part[key.replaceAll('~1', '/').replaceAll('~0', '~')], root);
  return resolved({...found, ...beside}, root);
}

/** What a value may be: the alternatives of a schema, without those that say "nothing" and "keep what is stored". */
function alternativesOf(schema, root) {
  const all = (schema.anyOf ?? schema.oneOf ?? [schema]).map((one) => resolved(one, root));
  return {
    nullable: all.some((one) => one.type === 'null'),
    keeps: all.some((one) => one.const === 'set'),
    kinds: all.filter((one) => one.type !== 'null' && one.const !== 'set'),
  };
}

/** @returns {Field} */
function fieldOf(name, written, root, required) {
  const schema = resolved(written, root);
  const {nullable, keeps, kinds} = alternativesOf(schema, root);
  const base = {
    name,
    label: schema['x-label'] ?? wordsOf(name),
    description: schema.description ?? kinds[0]?.description ?? '',
    required,
    nullable,
    keeps,
    fallback: schema.default,
  };
  for (const key of ['x-source', 'x-note', 'x-keys', 'x-empty']) if (key in schema) base[key.slice(2)] = schema[key];
  const shape = shapeOf(schema['x-kind'], kinds, root);
  if (shape.kind === 'number' && name.endsWith('_seconds')) shape.kind = 'duration';
  return {...base, ...shape};
}

function shapeOf(asked, kinds, root) {
  const first = kinds[0] ?? {type: 'string'};
  if (asked) return shaped(asked, first, root);
  if (first.title === 'Calendar') return {kind: 'calendar'};
  if (kinds.some(isSecret)) return {kind: 'secret', ...limitsOf(kinds.find(isSecret))};
  const list = kinds.find((one) => one.type === 'array');
  const map = kinds.find((one) => one.type === 'object' && !one.properties);
  const single = kinds.find((one) => one.type === 'string');
  if (single && map) return {kind: 'texts', ...limitsOf(single)};
  if (list) return listShape(list, root);
  if (map) return {kind: 'map', item: fieldOf('', map.additionalProperties ?? {}, root, true), keys: map.propertyNames?.enum};
  if (first.properties) return objectShape(first, root);
  if (first.enum) return {kind: 'choice', options: first.enum};
  return {kind: TYPES[first.type] ?? 'text', ...limitsOf(first)};
}

/** A kind that the schema names itself: it says how the value is asked for, and not only what it is. */
function shaped(kind, schema, root) {
  const item = schema.items ?? schema.additionalProperties;
  if (kind === 'choices') return {kind, options: resolved(item ?? {}, root).enum ?? []};
  if (kind === 'map') return {kind, item: fieldOf('', item, root, true)};
  return {kind, options: schema.enum, ...limitsOf(schema)};
}

function listShape(schema, root) {
  const item = fieldOf('', schema.items ?? {type: 'string'}, root, true);
  if (item.kind === 'object') return {kind: 'objects', item};
  if (item.kind === 'choice') return {kind: 'choices', options: item.options};
  return {kind: 'list', item, maximum: schema.maxItems, date: (schema.items ?? {}).format === 'date'};
}

function objectShape(schema, root) {
  const needed = new Set(schema.required ?? []);
  return {kind: 'object', fields: Object.entries(schema.properties).map(([name, one]) => fieldOf(name, one, root, needed.has(name)))};
}

const isSecret = (schema) => schema.format === 'password' || schema.writeOnly === true;

const LIMITS = {
  minimum: 'minimum', maximum: 'maximum', exclusiveMinimum: 'above', minLength: 'minLength', maxLength: 'maxLength', pattern: 'pattern',
};
function limitsOf(schema) {
  const limits = {};
  for (const [from, to] of Object.entries(LIMITS)) if (from in schema) limits[to] = schema[from];
  if (schema.type === 'integer') limits.whole = true;
  if ((schema.maxLength ?? 0) >= 1000) limits.rows = 3;
  return limits;
}

/** A name of the API as words: `bot_token` → "Bot token". */
function wordsOf(name) {
  const words = name.replaceAll('_', ' ').replace(/\b(id|url|smtp|api|arn)\b/g, (word) => word.toUpperCase());
  return words.charAt(0).toUpperCase() + words.slice(1);
}

// -- where a problem belongs -------------------------------------------------------------------------------------------

const escaped = (name) => String(name).replaceAll('~', '~0').replaceAll('/', '~1');

/** The JSON pointer of a part of a body. */
export const pointerTo = (pointer, name) => `${pointer}/${escaped(name)}`;

/**
 * The problems of a refused body, each at the field that shows it: the deepest one on the way of its pointer. `pointer` is of the form.
 * @param {Field} form
 * @param {{pointer: string, detail: string}[]} problems
 * @returns {Map<string, string[]>} pointer of a field → sentences; what is at no field stands at `''`
 */
export function placed(form, problems) {
  const found = new Map();
  for (const {pointer, detail} of problems) {
    const place = placeOf(form, pointer.split('/').slice(1), '');
    found.set(place, [...(found.get(place) ?? []), detail]);
  }
  return found;
}

function placeOf(field, path, pointer) {
  if (path.length === 0) return pointer;
  const [name, ...rest] = path;
  if (field.kind === 'object') {
    const inner = field.fields.find((one) => escaped(one.name) === name);
    return inner ? placeOf(inner, rest, `${pointer}/${name}`) : pointer;
  }
  if (field.kind === 'objects') return placeOf(field.item, rest, `${pointer}/${name}`);
  return pointer;
}
