import assert from 'node:assert/strict';
import {test} from 'node:test';

import {commandOf, enterDoes} from '../../../services/desk/files/writing/keys.js';

const press = (code, key, more = {}) => ({
  code, key, altKey: false, ctrlKey: false, metaKey: false, shiftKey: false, repeat: false, isComposing: false, keyCode: 0, defaultPrevented: false,
  getModifierState: (name) => Boolean(more[name]), ...more,
});
const LIST = {zone: 'list'};

// The same key on five layouts: what is written differs, the place does not.
for (const [code, keys, command] of [
  ['KeyJ', ['j', 'ت', 'о', 'ت'], 'next'],
  ['KeyK', ['k', 'ن', 'л'], 'previous'],
  ['KeyR', ['r', 'ق', 'к'], 'reply'],
  ['KeyN', ['n', 'د', 'т'], 'note'],
  ['KeyE', ['e', 'ث', 'у'], 'resolve'],
  ['KeyS', ['s', 'س', 'ы'], 'snooze'],
  ['KeyA', ['a', 'ش', 'ф'], 'claim'],
]) {
  test(`${code} is ${command} on every layout, in list and thread alone`, () => {
    for (const key of keys) {
      assert.equal(commandOf(press(code, key), LIST), command);
      assert.equal(commandOf(press(code, key), {zone: 'thread'}), command);
      assert.equal(commandOf(press(code, key), {zone: 'text'}), null);
      assert.equal(commandOf(press(code, key), {zone: null}), null);
      assert.equal(commandOf(press(code, key), {zone: 'list', enabled: false}), null);
    }
  });
}

test('search and help are where the layout has them', () => {
  assert.equal(commandOf(press('Slash', '/'), LIST), 'search');
  assert.equal(commandOf(press('Slash', '.'), LIST), 'search');
  assert.equal(commandOf(press('Digit7', '/', {shiftKey: false}), LIST), 'search');
  assert.equal(commandOf(press('Minus', '?', {shiftKey: true}), LIST), 'help');
  assert.equal(commandOf(press('Slash', '؟', {shiftKey: true}), LIST), 'help');
});

test('nothing is on Alt, Option or AltGr, which write letters', () => {
  for (const code of ['KeyA', 'KeyE', 'KeyS', 'KeyN', 'KeyJ', 'KeyK', 'KeyR', 'Slash', 'Semicolon', 'F6']) {
    for (const more of [{altKey: true}, {AltGraph: true}, {altKey: true, ctrlKey: true}, {AltGraph: true, ctrlKey: true, altKey: true}]) {
      assert.equal(commandOf(press(code, 'ā', more), LIST), null);
      assert.equal(commandOf(press(code, 'ā', more), {zone: 'text'}), null);
    }
  }
});

test('the menu and the canned answers open from everywhere, on every layout', () => {
  for (const more of [{ctrlKey: true}, {metaKey: true}]) {
    for (const zone of ['list', 'text', null]) {
      assert.equal(commandOf(press('KeyK', 'ن', more), {zone}), 'menu');
      assert.equal(commandOf(press('Semicolon', 'ک', more), {zone, enabled: false}), 'canned');
    }
  }
  assert.equal(commandOf(press('KeyK', 'k', {ctrlKey: true, repeat: true}), LIST), null);
  assert.equal(commandOf(press('KeyK', 'K', {ctrlKey: true, shiftKey: true}), LIST), null);
});

test('a word that is being composed, and a key that was used, are no commands', () => {
  assert.equal(commandOf(press('KeyK', 'k', {isComposing: true}), LIST), null);
  assert.equal(commandOf(press('KeyK', 'Process', {keyCode: 229}), LIST), null);
  assert.equal(commandOf(press('KeyK', 'k', {defaultPrevented: true}), LIST), null);
});

test('a key that is held down moves on, and resolves nothing', () => {
  assert.equal(commandOf(press('KeyJ', 'j', {repeat: true}), LIST), 'next');
  assert.equal(commandOf(press('KeyE', 'e', {repeat: true}), LIST), null);
});

const HERE = {kind: 'reply', surface: 'private', isTouch: false, setting: 'enter'};
const enter = (more) => press('Enter', 'Enter', more);
for (const [name, more, where, does] of [
  ['Enter in private', {}, {}, 'send'],
  ['Shift+Enter', {shiftKey: true}, {}, 'break'],
  ['Enter in public', {}, {surface: 'public'}, 'break'],
  ['Ctrl+Enter in public', {ctrlKey: true}, {surface: 'public'}, 'send'],
  ['⌘+Enter in a note', {metaKey: true}, {kind: 'note'}, 'send'],
  ['Enter in a note', {}, {kind: 'note'}, 'break'],
  ['Enter on touch', {}, {isTouch: true}, 'break'],
  ['Enter with the setting', {}, {setting: 'ctrl'}, 'break'],
  ['Ctrl+Enter with the setting', {ctrlKey: true}, {setting: 'ctrl'}, 'send'],
  ['Enter while composing', {isComposing: true}, {}, null],
  ['Enter of an old input method', {keyCode: 229}, {}, null],
  ['Enter that is held down', {repeat: true}, {}, null],
  ['Ctrl+Enter that is held down', {ctrlKey: true, repeat: true}, {}, null],
  ['AltGr+Enter', {AltGraph: true}, {}, null],
]) {
  test(`${name}: ${does}`, () => assert.equal(enterDoes(enter(more), {...HERE, ...where}), does));
}

test('other keys are not ours', () => assert.equal(enterDoes(press('KeyA', 'a'), HERE), null));
