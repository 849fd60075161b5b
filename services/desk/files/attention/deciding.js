// What an agent is to be told of, and whether by a sound and a notification. Pure.

/** Of one conversation, one alert in this time. */
export const ONCE_MS = 30_000;
/** A conversation that came to me so recently was just given to me, though the page did not know it before. */
const JUST_MS = 60_000;
/** So long before a clock is due its agent is warned. */
export const WARN_MS = 300_000;
/** A customer who waits for longer is told to an agent who is free. */
export const WAITS_MS = 60_000;
/** Kinds that are told each time. */
const ALWAYS = new Set(['offer']);
const WITH_AGENT = new Set(['assigned', 'pending']);

const isMine = (row, me) => Boolean(me) && row?.agent === me.id && WITH_AGENT.has(row.status);

/**
 * What a row that changed tells: `given`, `mention`. `known` is the row before.
 * @param {{known?: object, row: object, me: object, now: number, own: Set<string>}} change `own`: conversations that the agent took themself
 */
export function newsOfRow({known, row, me, now, own}) {
  const news = [];
  if (isMine(row, me) && !own.has(row.id)) {
    const given = known ? !isMine(known, me) : Date.parse(row.assigned_at ?? 0) > now - JUST_MS;
    if (given) news.push({kind: 'given', conversation: row.id});
  }
  if (me && row.mentioned?.includes(me.id) && !known?.mentioned?.includes(me.id)) news.push({kind: 'mention', conversation: row.id});
  return news;
}

/** What a message tells: a customer wrote in a conversation of mine. */
export function newsOfMessage({message, row, me}) {
  if (message.direction !== 'inbound' || message.state !== 'received' || !isMine(row, me)) return [];
  return [{kind: 'message', conversation: message.conversation, message: message.id}];
}

/** What time tells: a clock of mine is nearly due; somebody waits while I am free. Each is told once: `told` has what was. */
export function newsOfTime({rows, me, now, told}) {
  const news = [];
  const isFree = me?.presence === 'online' && me.load < me.capacity;
  for (const row of rows) {
    const due = row.due && row.due.state === 'running' ? Date.parse(row.due.at) : null;
    if (isMine(row, me) && due !== null && due > now && due - now <= WARN_MS) news.push({kind: 'due', conversation: row.id, mark: `due|${row.id}|${row.due.at}`});
    const waits = row.status === 'waiting' && me?.teams?.includes(row.team) ? Date.parse(row.unanswered_since ?? row.updated_at) : null;
    if (isFree && waits !== null && now - waits > WAITS_MS) news.push({kind: 'waiting', conversation: row.id, mark: `waiting|${row.id}`});
  }
  return news.filter(({mark}) => !told.has(mark));
}

/**
 * Whether to alert, and how.
 * @param {{kind: string, conversation: string}} news
 * @param {{me: object, looking: boolean, catchingUp: boolean, last: Map<string, number>, now: number, settings: object}} circumstances
 * @returns {{alert: boolean, sound: boolean, notification: boolean, why: string}}
 */
export function decide(news, {me, looking, catchingUp, last, now, settings}) {
  const no = (why) => ({alert: false, sound: false, notification: false, why});
  // Who is not at work is told nothing: what there is, they see when they come.
  if (!me || me.presence === 'offline') return no('offline');
  if (catchingUp && news.kind !== 'offer') return no('catching_up');
  if (looking && news.kind !== 'offer') return no('looking');
  if (!ALWAYS.has(news.kind) && now - (last.get(news.conversation) ?? -Infinity) < ONCE_MS) return no('just_told');
  return {alert: true, sound: settings.sound !== 'off', notification: settings.notifications === 'on' && !(looking && news.kind === 'offer'), why: 'new'};
}

/** What still waits for an answer of mine: what title and badge count. */
export const unansweredOfMine = (rows, me) => [...rows].filter((row) => isMine(row, me) && row.unanswered_since && !row.snoozed_until).length;

/** The title of the page: a count, and no name or text. */
export const titled = (count, title) => (count ? `(${count}) ${title}` : title);

/** Whether an alert about a conversation is over: it was answered, taken by another, resolved, or is before my eyes. */
export function isOver({row, me, offers, looking}) {
  if (offers.some((offer) => offer.conversation === row?.id && !offer.ended)) return false;
  if (!row || looking) return true;
  if (row.status === 'waiting') return false;
  return !isMine(row, me) || !row.unanswered_since;
}
