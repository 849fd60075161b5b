// Text of people, cut into what is shown differently; nothing of it is lost or changed.

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {paragraphsOf, partsOf} from '../../../services/desk/files/prose.js';

const marked = (words, masked) => partsOf(words, masked).filter((part) => part.kind !== 'text').map((part) => [part.kind, part.text]);

test('links are those of http and https alone, and end before what ends the sentence', () => {
  assert.deepEqual(marked('See https://shop.lv/orders/77?a=1#b, please.'), [['link', 'https://shop.lv/orders/77?a=1#b']]);
  assert.deepEqual(marked('javascript:alert(one) data:text/html,x'), []);
  assert.deepEqual(marked('(http://a.example/x)'), [['link', 'http://a.example/x']]);
  assert.deepEqual(marked('ببین https://shop.ir/سفارش'), [['link', 'https://shop.ir/']]);
});

test('addresses, telephones, orders and amounts are never turned around', () => {
  const cases = [
    ['neda@shop.example', 'mail'], ['+98 21 5555 1234', 'code'], ['0912-345-6789', 'code'], ['#12-8845', 'code'], ['AB-1234', 'code'],
    ['2026-11-28', 'code'], ['12:30', 'code'], ['۰۹۱۲۳۴۵۶۷۸۹', 'code'], ['50%', 'code'], ['INV/2026/17', 'code'],
  ];
  for (const [words, kind] of cases) assert.deepEqual(marked(`سفارش ${words} من`), [[kind, words]], words);
});

test('only what was hidden is shown as hidden', () => {
  assert.deepEqual(marked('my card is [card] and [phone]', ['card']), [['hidden', '[card]']]);
  assert.deepEqual(marked('[card]', []), []);
});

test('nothing is lost: the parts are the text', () => {
  const pieces = ['سلام', 'hello', ' ', '#1-2', 'https://x.example/a', '[card]', '۱۲۳۴۵۶۷۸', '\u200c', 'ی', '😀', '(', ')', '.', '-', '+1', '<b>', '&amp;', 'a@b.cd'];
  let seed = 7;
  for (let run = 0; run < 2000; run += 1) {
    let words = '';
    for (let count = 0; count < 8; count += 1) {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      words += pieces[seed % pieces.length];
    }
    assert.equal(partsOf(words, ['card']).map((part) => part.text).join(''), words);
  }
});

test('a long text is cut in little time', () => {
  for (const words of ['a-'.repeat(30_000), '1-'.repeat(30_000), `${'1 '.repeat(30_000)}x`, 'a@'.repeat(30_000), `http://${'a.'.repeat(30_000)}`, '['.repeat(60_000)]) {
    assert.equal(partsOf(words).map((part) => part.text).join(''), words);
  }
});

test('lines are paragraphs', () => {
  assert.deepEqual(paragraphsOf('a\r\nb\n\nc'), ['a', 'b', '', 'c']);
});
