// Text of people, cut into what is shown differently: links, numbers that are never turned around, hidden secrets. Pure.

const URL = String.raw`https?:\/\/[^\s<>"'\u0600-\u06FF]*[^\s<>"'.,;:!?)\]}\u0600-\u06FF]`;
const MAIL = String.raw`[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}`;
const PHONE = String.raw`\+?\d(?:[ \-()]{0,2}\d){6,}`;
const CODE = String.raw`[#+A-Za-z]{0,12}[-_/#]?\d[A-Za-z0-9]*(?:[-_\/.:,@][A-Za-z0-9]+)*[%°]?`;
const HIDDEN = String.raw`\[[a-z_]{2,30}\]`;
const LOCAL_DIGITS = String.raw`\+?[۰-۹٠-٩](?:[ \-()]{0,2}[۰-۹٠-٩]){6,}`;
const ALL = new RegExp(`(${URL})|(${MAIL})|(${HIDDEN})|(${PHONE}|${LOCAL_DIGITS})|(?<![\\p{L}\\d])(${CODE})(?![\\p{L}\\d])`, 'gu');

/**
 * The parts of a paragraph: `{kind: 'text' | 'link' | 'mail' | 'hidden' | 'code', text}`. Only what `masked` names is shown as hidden.
 * @param {string} paragraph
 * @param {string[]} masked
 */
export function partsOf(paragraph, masked = []) {
  const parts = [];
  let from = 0;
  const plain = (until) => {
    if (until > from) parts.push({kind: 'text', text: paragraph.slice(from, until)});
  };
  for (const found of paragraph.matchAll(ALL)) {
    const [all, url, mail, hidden, phone, code] = found;
    const kind = url ? 'link' : mail ? 'mail' : hidden ? (masked.includes(hidden.slice(1, -1)) ? 'hidden' : null) : phone || code ? 'code' : null;
    if (!kind) continue;
    plain(found.index);
    parts.push({kind, text: all});
    from = found.index + all.length;
  }
  plain(paragraph.length);
  return parts;
}

/** The paragraphs of a text: its lines. */
export const paragraphsOf = (text) => text.split(/\r\n|\r|\n/);
