// Canned answers: which fit what was typed, and what is put into the text of them.

const LETTERS = new Map(Object.entries({ي: 'ی', ى: 'ی', ك: 'ک', ة: 'ه', ۀ: 'ه', أ: 'ا', إ: 'ا', آ: 'ا', ٱ: 'ا', ؤ: 'و', ئ: 'ی', '\u200c': ' '}));
/** Marks (harakat, accents), the stretching of Arabic letters, and signs that only change directions. */
const UNSEEN = /[\p{Mn}\u0640\u200b\u200d-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu;
const VARIABLE = /\{([^{}\n]{1,60})\}/g;
/** What looks like a variable that the desk fills in. */
const FILLED = /^(?:customer|agent|conversation|workspace)\.\S+$/;

/** A text as it is searched: small letters, Persian letters and ASCII digits, without marks. */
export function fold(text) {
  let folded = '';
  for (const character of text.toLowerCase()) {
    const digit = digitOf(character);
    folded += digit ?? LETTERS.get(character) ?? character;
  }
  return folded.normalize('NFKD').replace(UNSEEN, '').replace(/\s+/g, ' ').trim();
}

function digitOf(character) {
  const code = character.codePointAt(0);
  if (code >= 0x6f0 && code <= 0x6f9) return String(code - 0x6f0);
  if (code >= 0x660 && code <= 0x669) return String(code - 0x660);
  return null;
}

/**
 * The canned answers that have every word of a query, best first: the shortcut itself, one that begins so, the title, the
 * text; among equals those of the conversation's language, then those of none, then by title.
 */
export function matching(answers, query, language, most = 50) {
  const wanted = fold(query);
  const words = wanted.split(' ').filter(Boolean);
  const ranked = [];
  for (const answer of answers) {
    const [title, text, shortcut] = [fold(answer.title), fold(answer.text), fold(answer.shortcut ?? '')];
    if (!words.every((word) => title.includes(word) || text.includes(word) || shortcut.includes(word))) continue;
    ranked.push({answer, ranks: [rankOf(wanted, {title, shortcut}), languageRank(answer, language)]});
  }
  ranked.sort((one, other) => one.ranks[1] - other.ranks[1] || one.ranks[0] - other.ranks[0] || one.answer.title.localeCompare(other.answer.title));
  const exact = ranked.filter((one) => one.ranks[0] === 0);
  return [...exact, ...ranked.filter((one) => one.ranks[0] !== 0)].slice(0, most).map((one) => one.answer);
}

function rankOf(wanted, {title, shortcut}) {
  if (wanted && shortcut === wanted) return 0;
  if (wanted && shortcut.startsWith(wanted)) return 1;
  if (title.startsWith(wanted)) return 2;
  return title.includes(wanted) ? 3 : 4;
}

const languageRank = (answer, language) => (answer.language === language ? 0 : answer.language ? 2 : 1);

/**
 * A canned text with its variables filled in, and what is left to fill in by hand.
 * @param values `{'customer.name': 'Neda', …}`; a value that is not known is null
 */
export function fill(text, values) {
  const blanks = [];
  const filled = text.replace(VARIABLE, (whole, name) => {
    const value = values[name.trim()];
    if (value) return value;
    blanks.push(whole);
    return whole;
  });
  return {text: filled, blanks: [...new Set(blanks)]};
}

/** What of the blanks of the canned answers in a text is not filled in: `blanks` are theirs. Each with its place. */
export function unfilled(text, blanks = []) {
  const found = [];
  for (const match of text.matchAll(VARIABLE)) {
    if (blanks.includes(match[0]) || FILLED.test(match[1].trim())) found.push({start: match.index, stop: match.index + match[0].length, name: match[1].trim()});
  }
  return found;
}

/** A text with a piece in place of `start` to `stop`, and where the caret is then: at the first blank, else behind the piece. */
export function insert(text, {start, stop}, piece, blanks = []) {
  const [before, after] = [text.slice(0, start), text.slice(stop)];
  const places = blanks.map((blank) => ({at: piece.indexOf(blank), length: blank.length})).filter((place) => place.at >= 0);
  const first = places.sort((one, other) => one.at - other.at)[0];
  const caret = start + (first ? first.at : piece.length);
  return {text: before + piece + after, start: caret, stop: caret + (first ? first.length : 0)};
}

/** What was typed behind a `/` at the start of a word, up to the caret: `{start, stop, query}`; null where there is none. */
export function slashAt(text, caret) {
  const match = /(?:^|\s)\/([^\s/]*)$/u.exec(text.slice(0, caret));
  return match && {start: caret - match[1].length - 1, stop: caret, query: match[1]};
}

/** The same behind an `@`, for the names of colleagues: an address (`a@b`) is none. */
export function mentionAt(text, caret) {
  const match = /(?:^|[\s(])@([^\s@]*)$/u.exec(text.slice(0, caret));
  return match && {start: caret - match[1].length - 1, stop: caret, query: match[1]};
}
