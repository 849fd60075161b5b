// What holds for the words of every part of the page: the same keys and params in every language, and every key that its modules ask for.

import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';

import {LANGUAGES} from '../../../services/desk/files/words.js';

export const PAGE = fileURLToPath(new URL('../../../services/desk/files/', import.meta.url));
export const load = async (folder, language) => (await import(`${PAGE}${folder}/${language}.js`)).default;
const merged = async (folders, language) => Object.assign({}, ...(await Promise.all(folders.map((folder) => load(folder, language)))));
const languages = Object.keys(LANGUAGES);
const forms = (entry) => (typeof entry === 'string' ? {other: entry} : entry);
const params = (sentence) => new Set(sentence.match(/\{\w+\}/g) ?? []);

/** Test the words of a part, which stand in `folders`. Returns them by language. */
export async function testWords(part, folders) {
  const words = Object.fromEntries(await Promise.all(languages.map(async (language) => [language, await merged(folders, language)])));
  const page = await merged(['words', 'words/conversation'], 'en');

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
    for (const name of readdirSync(`${PAGE}${part}`).filter((one) => one.endsWith('.js'))) {
      for (const [, key] of readFileSync(`${PAGE}${part}/${name}`, 'utf8').matchAll(/\btext\('([a-z_]+)'/g)) if (!(key in words.en) && !(key in page)) missing.push(`${name}: ${key}`);
    }
    assert.deepEqual(missing, []);
    assert.deepEqual(Object.keys(words.en).filter((key) => key in page), []);
  });

  return words;
}
