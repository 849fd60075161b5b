// The words of the page in the language of its reader, and numbers and times as that language writes them.

export const LANGUAGES = {
  en: {name: 'English', dir: 'ltr', locale: 'en-GB'},
  fa: {name: 'فارسی', dir: 'rtl', locale: 'fa-IR'},
  ar: {name: 'العربية', dir: 'rtl', locale: 'ar-u-nu-arab'},
  lv: {name: 'Latviešu', dir: 'ltr', locale: 'lv-LV'},
};
const FIRST_STRONG_ISOLATE = '\u2068';
const POP_ISOLATE = '\u2069';

let current = 'en';
let words = {};
let formats = {};
/** Parts of the page that are loaded later have words of their own. */
const parts = new Set();

/** The first of the languages of a browser that the page speaks. */
export function chooseLanguage(preferred) {
  for (const tag of preferred) {
    const primary = tag.toLowerCase().split('-')[0];
    if (primary in LANGUAGES) return primary;
  }
  return 'en';
}

export const language = () => current;
export const direction = () => LANGUAGES[current].dir;

/** Load the words of a language, and speak it from now on. */
export async function setLanguage(chosen, load = (name) => import(`./words/${name}.js`)) {
  const all = await Promise.all([load, ...parts].map((one) => one(chosen)));
  words = Object.assign({}, ...all.map((one) => one.default));
  current = chosen;
  formats = makeFormats(LANGUAGES[chosen].locale);
}

/** Add the words of a part of the page that is loaded later, in this language and in each that is chosen after it. */
export async function addPart(load) {
  parts.add(load);
  addWords((await load(current)).default);
}

/** Add words of a part of the page that is loaded later. */
export const addWords = (more) => Object.assign(words, more);

function makeFormats(locale) {
  const date = (options) => new Intl.DateTimeFormat(locale, options);
  return {
    plural: new Intl.PluralRules(locale),
    number: new Intl.NumberFormat(locale),
    time: date({hour: '2-digit', minute: '2-digit', hourCycle: 'h23'}),
    weekday: date({weekday: 'long'}),
    day: date({day: 'numeric', month: 'short'}),
    longDay: date({weekday: 'long', day: 'numeric', month: 'long', year: 'numeric'}),
    full: date({dateStyle: 'full', timeStyle: 'short', hourCycle: 'h23'}),
    unit: (unit) => new Intl.NumberFormat(locale, {style: 'unit', unit, unitDisplay: locale.startsWith('en') ? 'narrow' : 'short', maximumFractionDigits: 0}),
    list: new Intl.ListFormat(locale, {type: 'conjunction'}),
  };
}

const isolated = (value) => (typeof value === 'number' ? formats.number.format(value) : `${FIRST_STRONG_ISOLATE}${value}${POP_ISOLATE}`);

/**
 * The sentence of a key. `{name}` in it is replaced by a param; with forms (`{one, other}`) the param `n` chooses.
 * A key without words is returned as it is, so that it is seen.
 */
export function text(key, params = {}) {
  const found = words[key];
  if (found === undefined) return key;
  const sentence = typeof found === 'string' ? found : (found[formats.plural.select(params.n ?? 0)] ?? found.other);
  return sentence.replace(/\{(\w+)\}/g, (all, name) => (name in params ? isolated(params[name]) : all));
}

export const hasText = (key) => key in words;
export const number = (value) => formats.number.format(value);
export const listOf = (names) => formats.list.format(names);

const DAY = 86_400_000;
const startOfDay = (at) => new Date(at).setHours(0, 0, 0, 0);

export const clockTime = (at) => formats.time.format(new Date(at));
export const fullTime = (at) => formats.full.format(new Date(at));
export const weekday = (at) => formats.weekday.format(new Date(at));

/** A moment as briefly as it is clear: the time today, the weekday within six days, else the date; of one to come with its time. */
export function shortTime(at, now) {
  const moment = new Date(at).getTime();
  const days = Math.round((startOfDay(now) - startOfDay(moment)) / DAY);
  if (days === 0) return clockTime(moment);
  if (days < 0) return `${days > -7 ? formats.weekday.format(moment) : formats.day.format(moment)} ${clockTime(moment)}`;
  if (days === 1) return text('yesterday');
  if (days > 1 && days < 7) return formats.weekday.format(moment);
  return formats.day.format(moment);
}

/** The heading of a day. */
export function dayName(at, now) {
  const days = Math.round((startOfDay(now) - startOfDay(at)) / DAY);
  if (days === 0) return text('today');
  if (days === 1) return text('yesterday');
  return formats.longDay.format(new Date(at));
}

/** A length of time in its largest unit, or two: "45s", "12m", "3h", "2d". */
export function duration(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return formats.unit('second').format(seconds);
  if (seconds < 3600) return formats.unit('minute').format(Math.floor(seconds / 60));
  if (seconds < 86_400) return formats.unit('hour').format(Math.floor(seconds / 3600));
  return formats.unit('day').format(Math.floor(seconds / 86_400));
}

const languageNames = new Map();
/** The name of a language, in the language of the page. */
export function languageName(tag) {
  const known = `${current} ${tag}`;
  if (!languageNames.has(known)) {
    let name = tag;
    try {
      name = new Intl.DisplayNames(LANGUAGES[current].locale, {type: 'language'}).of(tag) ?? tag;
    } catch {
      // A tag that is none.
    }
    languageNames.set(known, name);
  }
  return languageNames.get(known);
}

const CHANNELS = {
  telegram: 'Telegram', rubika: 'Rubika', bale: 'Bale', eitaa: 'Eitaa', whatsapp: 'WhatsApp', messenger: 'Messenger', instagram: 'Instagram', webchat: 'Web chat', email: 'E-mail',
  sms: 'SMS', voice: 'Voice', api: 'API', line: 'LINE', viber: 'Viber', x: 'X', facebook: 'Facebook', youtube: 'YouTube',
};
/** The name of a channel, as people call it. */
export const channelName = (channel) => (hasText(`channel_${channel}`) ? text(`channel_${channel}`) : (CHANNELS[channel] ?? channel.replaceAll('_', ' ').replace(/^./, (first) => first.toUpperCase())));
