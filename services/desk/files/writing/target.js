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

/** Whether the surface of a target takes answers now: `{allowed, code, until, text_limit}`. What the server does not say is allowed. */
export function permission(target, canReply, now = 0) {
  const said = canReply?.[target.surface] ?? {allowed: true, code: null, until: null, text_limit: null};
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

/**
 * A text against its limit: null where it fits; else `{length, limit, parts}`, `parts` 0 where the platform does not take it in parts.
 * @param limit a number, or `{limit, unit, splits}`
 */
export function overLimit(text, limit) {
  if (limit === null || limit === undefined) return null;
  const {limit: most, unit, splits} = typeof limit === 'number' ? {limit} : limit;
  const length = lengthIn(text, unit);
  return length <= most ? null : {length, limit: most, parts: splits ? Math.ceil(length / most) : 0};
}

/** The most parts into which the server cuts a text. */
export const MOST_PARTS = 10;
