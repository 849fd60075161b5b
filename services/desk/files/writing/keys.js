// What keys do. Letters are commands in the list and the thread alone, by the key's place on the keyboard (`code`), so that
// they work on Persian, Arabic and Russian layouts too. Nothing is on Alt or AltGr: those write letters.

const LETTERS = {
  KeyJ: 'next',
  KeyK: 'previous',
  KeyR: 'reply',
  KeyN: 'note',
  KeyE: 'resolve',
  KeyS: 'snooze',
  KeyA: 'claim',
  KeyU: 'unread',
};
/** Commands that a key that is held down repeats. */
const REPEATED = new Set(['next', 'previous']);
const WRITTEN_IN = 'input, textarea, select, [contenteditable]:not([contenteditable=false]), [role=combobox], dialog';
/** Where letters are commands: the list, and a conversation outside its composer. */
const ZONES = {list: '.list', thread: '.pane'};
const OTHERS = '.composer';

/** Keys of the picker of canned answers and of the command menu, which work while somebody writes. */
function commandWithControl(event) {
  if (event.code === 'KeyK' || event.key.toLowerCase() === 'k') return 'menu';
  return event.code === 'Semicolon' || event.key === ';' ? 'canned' : null;
}

/** Where a key is pressed: `list`, `thread`, `text` where somebody writes, or null. */
export function zoneOf(element) {
  if (!element?.closest) return null;
  if (element.closest(WRITTEN_IN)) return 'text';
  if (element.closest(OTHERS)) return null;
  return Object.keys(ZONES).find((zone) => element.closest(ZONES[zone])) ?? null;
}

/**
 * The command of a key: `next, previous, reply, note, resolve, snooze, claim, unread, search, help, menu, canned, offer`, or null.
 * @param {{zone: string | null, enabled: boolean}} where `enabled`: whether single letters are commands for this agent
 */
export function commandOf(event, {zone, enabled = true}) {
  if (event.defaultPrevented || isComposing(event) || event.altKey || event.getModifierState?.('AltGraph')) return null;
  if (event.key === 'F6' && !event.ctrlKey && !event.metaKey) return 'offer';
  if (event.ctrlKey !== event.metaKey) return event.shiftKey || event.repeat ? null : commandWithControl(event);
  if (event.ctrlKey || !enabled || (zone !== 'list' && zone !== 'thread')) return null;
  // By what is written, since layouts have these signs in different places; by place where the layout has other letters.
  if (event.key === '?' || (event.code === 'Slash' && event.shiftKey)) return 'help';
  if (event.shiftKey) return null;
  if (event.key === '/' || event.code === 'Slash') return 'search';
  const command = LETTERS[event.code] ?? null;
  return event.repeat && !REPEATED.has(command) ? null : command;
}

/** Whether a key belongs to a word that an input method is composing: it does nothing else. */
export const isComposing = (event) => event.isComposing || event.keyCode === 229;

/**
 * What Enter does in the composer: `send`, `break`, or null where it is not ours.
 * @param {{kind: 'reply' | 'note', surface: string, isTouch: boolean, setting: 'enter' | 'ctrl'}} where
 */
export function enterDoes(event, {kind, surface, isTouch, setting = 'enter'}) {
  if (event.key !== 'Enter' || isComposing(event)) return null;
  if (event.altKey || event.getModifierState?.('AltGraph')) return null;
  if (event.ctrlKey || event.metaKey) return event.repeat ? null : 'send';
  if (event.shiftKey || isTouch || setting === 'ctrl' || kind === 'note' || surface === 'public') return 'break';
  // A key that is held down is no second wish.
  return event.repeat ? null : 'send';
}
