// What the regions show, reckoned from the state. Pure.

/** Seconds that are left, by the server's time: right after sleep, too. */
export const secondsLeft = (offer, now) => Math.max(0, Math.ceil((Date.parse(offer.expires_at) - now) / 1000));

/** The offers that can be accepted now, the first to end first. */
export const openOffers = (state) =>
  [...state.offers.values()].filter((offer) => !offer.ended && Date.parse(offer.expires_at) > state.now()).sort((one, other) => (one.expires_at < other.expires_at ? -1 : 1));

/** Whether something other than the agent lowered the presence: then there is "I'm back". */
export const isLowered = (me) => Boolean(me) && me.presence !== me.presence_declared;

/** The others who are in a conversation: who types what, and who reads. */
export function othersIn(state, conversation) {
  return [...(state.signals.get(conversation)?.entries() ?? [])]
    .filter(([agent]) => agent !== state.me?.id)
    .map(([agent, {kind, name}]) => ({agent, kind, name: name ?? state.agents.get(agent)?.name ?? agent}));
}

/** Browsers by what they say of themselves, the more special first. */
const BROWSERS = [['Edg/', 'Edge'], ['OPR/', 'Opera'], ['SamsungBrowser', 'Samsung Internet'], ['Firefox/', 'Firefox'], ['Chrome/', 'Chrome'], ['Safari/', 'Safari']];
const SYSTEMS = [['iPhone', 'iPhone'], ['iPad', 'iPad'], ['Android', 'Android'], ['Windows', 'Windows'], ['Mac OS', 'Mac'], ['CrOS', 'ChromeOS'], ['Linux', 'Linux']];

/** A device in few words: "Firefox, Windows". */
export function deviceName(agent) {
  const browser = BROWSERS.find(([mark]) => agent.includes(mark))?.[1];
  const system = SYSTEMS.find(([mark]) => agent.includes(mark))?.[1];
  return [browser, system].filter(Boolean).join(', ') || agent.slice(0, 60);
}
