// The words of writing.

import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';

import {addPart, setLanguage, text} from '../../../services/desk/files/words.js';
import {PAGE, load, testWords} from './words_of_parts.js';

const words = await testWords('writing', ['writing/words']);

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
