// The words of writing: the same keys and params in every language, and every key that its modules ask for.

import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';

import {LANGUAGES, addPart, setLanguage, text} from '../../../services/desk/files/words.js';

const PAGE = fileURLToPath(new URL('../../../services/desk/files/', import.meta.url));
const load = async (folder, language) => (await import(`${PAGE}${folder}/${language}.js`)).default;
const languages = Object.keys(LANGUAGES);
const words = Object.fromEntries(await Promise.all(languages.map(async (language) => [language, await load('writing/words', language)])));
const page = {...(await load('words', 'en')), ...(await load('words/conversation', 'en'))};
const forms = (entry) => (typeof entry === 'string' ? {other: entry} : entry);
const params = (sentence) => new Set(sentence.match(/\{\w+\}/g) ?? []);

test('every language has the same keys and params, in the forms that it has', () => {
  for (const language of languages) {
    assert.deepEqual(Object.keys(words[language]).sort(), Object.keys(words.en).sort(), language);
    const known = new Intl.PluralRules(LANGUAGES[language].locale).resolvedOptions().pluralCategories;
    for (const [key, entry] of Object.entries(words[language])) {
      assert.deepEqual(params(forms(entry).other), params(forms(words.en[key]).other), `${language} ${key}`);
      if (typeof entry !== 'string') assert.deepEqual(Object.keys(entry).sort(), [...known].sort(), `${language} ${key}`);
    }
  }
});

test('every key that a module names has words, and no key is named twice', () => {
  const missing = [];
  for (const name of readdirSync(`${PAGE}writing`).filter((one) => one.endsWith('.js'))) {
    for (const [, key] of readFileSync(`${PAGE}writing/${name}`, 'utf8').matchAll(/\btext\('([a-z_]+)'/g)) if (!(key in words.en) && !(key in page)) missing.push(`${name}: ${key}`);
  }
  assert.deepEqual(missing, []);
  assert.deepEqual(Object.keys(words.en).filter((key) => key in page), []);
});

test('whatever stops a send has words', () => {
  const source = readFileSync(`${PAGE}writing/composing.js`, 'utf8');
  const codes = [...source.matchAll(/blocks\.push\(\{code: '([a-z_]+)'/g), ...source.matchAll(/\[\{code: '([a-z_]+)'/g)].map((found) => found[1]);
  assert.ok(codes.length >= 10);
  assert.deepEqual(codes.filter((code) => !['empty'].includes(code) && !(`block_${code}` in words.en)), []);
});

test('another language brings the words of a part that was loaded before', async () => {
  const of = (folder) => async (language) => ({default: await load(folder, language)});
  await setLanguage('en', of('words'));
  await addPart(of('writing/words'));
  assert.equal(text('save_note'), 'Save note');
  await setLanguage('fa', of('words'));
  assert.deepEqual([text('save_note'), text('close')], [words.fa.save_note, (await load('words', 'fa')).close]);
});
