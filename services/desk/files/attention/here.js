// Where the agent is in all tabs of this browser: the tabs tell each other, and the one that answers the beats says it to the server.

/** What a tab said counts for so long; it says it again with each beat. */
const FRESH_MS = 40_000;

/**
 * @typedef {{conversation: string | null, typing: 'reply' | 'note' | null, focused: boolean, visible: boolean}} Place
 * @param {{channel: BroadcastChannel, tab: string, now: () => number}} browser
 */
export function createHere({channel, tab, now}) {
  /** @type {Map<string, {place: Place, at: number}>} */
  const tabs = new Map();

  channel.onmessage = ({data}) => {
    if (data.gone) tabs.delete(data.tab);
    else tabs.set(data.tab, {place: data.place, at: now()});
  };

  const places = () => [...tabs.values()].filter(({at}) => now() - at < FRESH_MS).map(({place}) => place);

  return {
    /** This tab is there now. */
    set(place) {
      tabs.set(tab, {place, at: now()});
      channel.postMessage({tab, place});
    },
    leave() {
      tabs.delete(tab);
      channel.postMessage({tab, gone: true});
    },
    /** Whether a conversation is before the agent's eyes in any tab. */
    isSeen: (conversation) => places().some((place) => place.focused && place.conversation === conversation),
    isVisible: () => places().some((place) => place.visible),
    /** What the answer to a beat says. */
    beat({push = false} = {}) {
      const all = places();
      const seen = all.find((place) => place.focused && place.conversation);
      return {
        ...(push ? {push: true} : {}),
        ...(all.some((place) => place.visible) ? {visible: true} : {}),
        ...(seen ? {viewing: seen.conversation} : {}),
        ...(seen?.typing ? {typing: seen.typing} : {}),
      };
    },
  };
}
