// Texts as they are safely shown: no markup of theirs, no direction that leaks, links that can be followed.

const TURNING = /[\u202a-\u202e\u2066-\u2069]/g;
const INVISIBLE = new RegExp(
  "[\\s\\u0000-\\u0020\\u007f-\\u00a0\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u2028-\\u202f" +
    "\\u205f-\\u206f\\u2800\\u3000\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb\\u0300-\\u036f]|\\udb40[\\udc00-\\udfff]",
  "g",
);
const DIGIT = "0-9\\u06f0-\\u06f9\\u0660-\\u0669";
const SPECIAL = new RegExp(
  "(https?://[^\\s<>\"'`\\u00ab\\u00bb]+|www\\.[^\\s<>\"'`\\u00ab\\u00bb]+\\.[^\\s<>\"'`\\u00ab\\u00bb]+)" +
    "|([A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\\.[A-Za-z0-9-]+)+)" +
    `|([+(#]?[${DIGIT}](?:[ ()./:-]?[${DIGIT}]){3,})`,
  "g",
);
const TRAILING = /[.,;:!?)\]}\u060c\u061b\u061f]+$/;

// Without the characters that would turn the text around them.
export function neutral(text) {
  return String(text).replace(TURNING, "");
}

// A name that can be seen, else what stands for it.
export function named(name, otherwise) {
  const clean = neutral(name || "").replace(/[\u0000-\u001f\u007f]/g, " ").trim();
  return clean.replace(INVISIBLE, "") ? clean : otherwise;
}

// Nodes of a text: links as links, addresses and numbers kept in their own direction.
export function nodesOf(text) {
  const clean = neutral(text);
  const nodes = [];
  let at = 0;
  let found;
  SPECIAL.lastIndex = 0;
  while ((found = SPECIAL.exec(clean))) {
    const isNumber = Boolean(found[3]);
    const word = isNumber ? found[0] : found[0].replace(TRAILING, "");
    nodes.push(document.createTextNode(clean.slice(at, found.index)));
    nodes.push(isNumber ? isolated("bdi", word) : link(word, Boolean(found[2])));
    at = found.index + word.length;
    SPECIAL.lastIndex = Math.max(at, found.index + 1);
  }
  nodes.push(document.createTextNode(clean.slice(at)));
  return nodes.filter((node) => node.textContent);
}

function isolated(tag, text) {
  const node = document.createElement(tag);
  node.dir = "ltr";
  node.textContent = text;
  return node;
}

function link(word, isMail) {
  let href = "";
  try {
    href = isMail ? `mailto:${word}` : new URL(word.startsWith("www.") ? `https://${word}` : word).href;
  } catch (error) {
    return document.createTextNode(word);
  }
  const node = isolated("a", word);
  node.href = href;
  node.target = "_blank";
  node.rel = "noopener noreferrer nofollow ugc";
  return node;
}

// The language of a text as far as its letters tell, for voices that read it out; the page's own where they fit.
export function languageIn(text, own) {
  const words = text.replace(SPECIAL, " ");
  const arabic = (words.match(/[\u0600-\u06ff]/g) || []).length;
  const latin = (words.match(/[A-Za-z\u00c0-\u017f]/g) || []).length;
  if (!arabic && !latin) return own;
  if (arabic >= latin) {
    if (/[\u067e\u0686\u0698\u06af\u06a9\u06cc]/.test(text)) return "fa";
    return /[\u0629\u0643\u064a\u0649]/.test(text) ? "ar" : own === "fa" ? "fa" : "ar";
  }
  if (/[\u0101\u0113\u0123\u012b\u0137\u013c\u0146\u0161\u016b\u017e]/i.test(text)) return "lv";
  return own === "lv" ? "lv" : "en";
}

const DAY = 86400000;

// Times as the visitor's own place and language write them.
export class Times {
  constructor(language, words, filled) {
    this.clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    this.date = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long" });
    this.weekday = new Intl.DateTimeFormat(language, { weekday: "long" });
    this.whole = new Intl.DateTimeFormat(language, { dateStyle: "long", timeStyle: "short" });
    this.words = words;
    this.filled = filled;
  }

  // Whole days from today, by the wall clock.
  daysFrom(now, at) {
    const noon = (time) => new Date(time).setHours(12, 0, 0, 0);
    return Math.round((noon(at) - noon(now)) / DAY);
  }

  day(at, now) {
    const days = this.daysFrom(now, at);
    if (days === 0) return this.words.todayWord;
    return days === -1 ? this.words.yesterday : this.date.format(at);
  }

  opening(at, now) {
    const days = this.daysFrom(now, at);
    const time = this.clock.format(at);
    if (days === 0) return this.filled(this.words.today, { time });
    if (days === 1) return this.filled(this.words.tomorrow, { time });
    return this.filled(this.words.on, { day: (days < 7 ? this.weekday : this.date).format(at), time });
  }
}
