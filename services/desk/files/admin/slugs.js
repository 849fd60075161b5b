// Ids that are made of names, and origins of addresses as people write them. Pure.

/** Persian and Arabic letters as Latin ones, near enough to recognise the name. */
const LETTERS = {
  ا: 'a', آ: 'a', أ: 'a', إ: 'e', ب: 'b', پ: 'p', ت: 't', ث: 's', ج: 'j', چ: 'ch', ح: 'h', خ: 'kh', د: 'd', ذ: 'z', ر: 'r', ز: 'z', ژ: 'zh',
  س: 's', ش: 'sh', ص: 's', ض: 'z', ط: 't', ظ: 'z', ع: 'a', غ: 'gh', ف: 'f', ق: 'q', ک: 'k', ك: 'k', گ: 'g', ل: 'l', م: 'm', ن: 'n', و: 'o',
  ه: 'h', ة: 'a', ی: 'i', ي: 'i', ى: 'a', ئ: 'e', ؤ: 'o', ء: '',
};
export const SLUG = /^[a-z0-9][a-z0-9_-]{0,63}$/;

/** An id of a name; '' for a name without a letter that has a Latin one. */
export function slugOf(name) {
  const latin = [...name.toLowerCase()].map((letter) => LETTERS[letter] ?? letter).join('');
  return latin
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 64);
}

/** An id of a name that none of `taken` has. `kind` stands for names without letters. */
export function freeSlug(name, taken, kind) {
  const base = slugOf(name) || kind;
  const used = new Set(taken);
  if (!used.has(base) && base !== 'me') return base;
  for (let number = 2; ; number += 1) if (!used.has(`${base}-${number}`)) return `${base}-${number}`;
}

/** The origins of addresses as people write them: with or without https, with a path or without. */
export const originsOf = (written) => written.split(/[\s,]+/).filter(Boolean).map((one) => {
  const address = /^[a-z]+:/i.test(one) ? one : `https:${'//'}${one}`;
  return URL.canParse?.(address) ? new URL(address).origin : one;
});
