// To whom an answer goes. The target of a draft is fixed at its first key, and changes by the agent's word alone.

/**
 * Where an answer of now would go: `{surface, person, channel, account}`. In a sensitive conversation it is the private side,
 * where there is one; else where the customer wrote last.
 */
export function targetOf(conversation, canReply = null) {
  const {person, channel, account} = conversation;
  const isPrivateOnly = conversation.sensitive && conversation.surface === 'public' && canReply?.private?.allowed;
  return {surface: isPrivateOnly ? 'private' : conversation.surface, person, channel, account};
}

/** What is not as it was when the draft began: `person`, `surface`, or null. */
export function changeOf(target, conversation, canReply = null) {
  if (!target || !conversation) return null;
  const now = targetOf(conversation, canReply);
  if (target.person !== now.person || target.channel !== now.channel || target.account !== now.account) return 'person';
  return target.surface === now.surface ? null : 'surface';
}

const UNKNOWN = {allowed: true, code: null, detail: null, until: null, text_limit: null, max_files: null};
/** Refusals that are not of the surface: the conversation itself says them, and sooner. */
const OF_THE_CONVERSATION = new Set(['finished', 'conversation_is_closed']);

/** Whether the surface of a target takes answers now, as `can_reply` of a conversation says. What the server does not say is allowed. */
export function permission(target, canReply, now = 0) {
  const said = canReply?.[target.surface] ?? UNKNOWN;
  if (OF_THE_CONVERSATION.has(said.code)) return {...said, allowed: true, code: null};
  // The window has closed since the server said so.
  return said.allowed && said.until && Date.parse(said.until) <= now ? {...said, allowed: false, code: 'window_closed'} : said;
}

/** The other surface, where it takes answers and this one does not suit. */
export function otherWay(target, canReply) {
  const surface = target.surface === 'public' ? 'private' : 'public';
  return canReply?.[surface]?.allowed ? {...target, surface} : null;
}

/**
 * How long a window is still open: `{seconds, isShort}`; null where it has no end. Less than two hours are counted down.
 */
export function windowLeft(until, now) {
  if (!until) return null;
  const seconds = Math.max(0, Math.floor((Date.parse(until) - now) / 1000));
  return {seconds, isShort: seconds < 2 * 3600};
}

/** How long a text is in the unit of its platform: `code_points`, `utf16`, `bytes`. */
export function lengthIn(text, unit = 'code_points') {
  if (unit === 'utf16') return text.length;
  if (unit === 'bytes') return new TextEncoder().encode(text).length;
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}

/** A text against the limit of its surface (`{text_limit, text_unit}`): null where it fits, else `{length, limit}`. Nothing is cut. */
export function overLimit(text, {text_limit: limit = null, text_unit: unit} = {}) {
  if (limit === null) return null;
  const length = lengthIn(text, unit);
  return length <= limit ? null : {length, limit};
}
