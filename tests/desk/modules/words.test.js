// The words of the page: the same keys and params in every language, and every key that the page asks for.

import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {chooseLanguage, dayName, direction, duration, LANGUAGES, setLanguage, shortTime, text} from '../../../services/desk/files/words.js';

const FILES = fileURLToPath(new URL('../../../services/desk/files/', import.meta.url));
const read = async (folder, language) => (await import(`${FILES}${folder}/${language}.js`)).default;
const load = async (language) => ({...(await read('words', language)), ...(await read('words/conversation', language))});
/** What is loaded with a conversation or the team; the words of these are loaded with them. */
const OPENED = ['calling.js', 'conversation.js', 'doings.js', 'header.js', 'me.js', 'panel.js', 'reading.js', 'team.js', 'thread.js'];
const words = Object.fromEntries(await Promise.all(Object.keys(LANGUAGES).map(async (language) => [language, await load(language)])));
const forms = (entry) => (typeof entry === 'string' ? {other: entry} : entry);
const params = (sentence) => new Set(sentence.match(/\{\w+\}/g) ?? []);

test('every language has the same keys', () => {
  for (const language of Object.keys(words)) assert.deepEqual(Object.keys(words[language]).sort(), Object.keys(words.en).sort(), language);
});

test('a sentence takes the same params in every language', () => {
  for (const [key, entry] of Object.entries(words.en)) {
    for (const language of Object.keys(words)) assert.deepEqual(params(forms(words[language][key]).other), params(forms(entry).other), `${language} ${key}`);
  }
});

test('forms are those that the language has, and there is always another', () => {
  for (const [language, all] of Object.entries(words)) {
    const known = new Intl.PluralRules(LANGUAGES[language].locale).resolvedOptions().pluralCategories;
    for (const [key, entry] of Object.entries(all)) {
      if (typeof entry === 'string') continue;
      assert.ok('other' in entry, `${language} ${key}`);
      for (const form of Object.keys(entry)) assert.ok(known.includes(form), `${language} ${key} ${form}`);
    }
  }
});

test('what comes before a conversation names no words of it, and no key is named twice', async () => {
  const [first, opened] = [await read('words', 'en'), await read('words/conversation', 'en')];
  assert.deepEqual(Object.keys(first).filter((key) => key in opened), []);
  const named = [];
  for (const folder of ['', 'attention/', 'admin/']) {
    for (const name of readdirSync(FILES + folder).filter((one) => one.endsWith('.js') && (folder || !OPENED.includes(one)))) {
      for (const [, key] of readFileSync(FILES + folder + name, 'utf8').matchAll(/['"`]([a-z_]+)['"`]/g)) if (key in opened) named.push(`${folder}${name}: ${key}`);
    }
  }
  assert.deepEqual(named, []);
});

test('every key that a module names has words', () => {
  const modules = ['', 'customer/'].flatMap((folder) => readdirSync(FILES + folder).filter((name) => name.endsWith('.js')).map((name) => folder + name));
  const missing = [];
  for (const name of modules) {
    for (const [, key] of readFileSync(FILES + name, 'utf8').matchAll(/\btext\('([a-z_]+)'/g)) if (!(key in words.en)) missing.push(`${name}: ${key}`);
  }
  assert.deepEqual(missing, []);
});

test('a browser gets the first of its languages that the page speaks', () => {
  assert.equal(chooseLanguage(['de-DE', 'fa-IR', 'en']), 'fa');
  assert.equal(chooseLanguage(['LV']), 'lv');
  assert.equal(chooseLanguage(['de']), 'en');
});

test('params are isolated, so that a name cannot turn a sentence around', async () => {
  await setLanguage('en', async () => ({default: {given: 'Given to {name}.', new_n: {one: '{n} new message', other: '{n} new messages'}}}));
  assert.equal(text('given', {name: 'سارا'}), 'Given to \u2068سارا\u2069.');
  assert.equal(text('new_n', {n: 1}), '1 new message');
  assert.equal(text('new_n', {n: 12}), '12 new messages');
  assert.equal(text('not_there'), 'not_there');
});

test('numbers and plurals are those of the language', async () => {
  const load = async (language) => ({default: words[language]});
  await setLanguage('fa', load);
  assert.equal(direction(), 'rtl');
  assert.ok(text('new_n', {n: 3}).startsWith('۳'));
  assert.match(duration(125_000), /۲/);
  await setLanguage('lv', load);
  assert.equal(text('new_n', {n: 21}), '21 jauna');
  assert.equal(text('new_n', {n: 12}), '12 jaunu');
  await setLanguage('ar', load);
  assert.ok(text('new_n', {n: 3}).startsWith('٣'));
});

test('a moment is said as briefly as it is clear', async () => {
  await setLanguage('en', async () => ({default: words.en}));
  const now = new Date(2026, 10, 28, 15, 0).getTime();
  const before = (days, hour = 9) => new Date(2026, 10, 28 - days, hour, 5).getTime();
  assert.equal(shortTime(before(0), now), '09:05');
  assert.equal(shortTime(before(1, 23), now), 'Yesterday');
  assert.equal(shortTime(before(3), now), 'Wednesday');
  assert.equal(shortTime(before(20), now), '8 Nov');
  assert.deepEqual([before(-1), before(-20)].map((at) => shortTime(at, now).replace(/\d\d:\d\d$/, 'TIME')), ['Sunday TIME', '18 Dec TIME'], 'of what is to come the time counts');
  assert.equal(dayName(before(0), now), 'Today');
  assert.match(dayName(before(20), now), /8 November 2026/);
});
