// Tells colleagues where the agent reads and types: as little as what changes takes.

/** A conversation that is only passed over is not told. */
const SETTLE_MS = 400;
/** After this time without a key the agent does not type any more. */
export const PAUSE_MS = 8000;
/** Typing that goes on is told again this often, since customers are shown it for a few seconds each time. */
export const AGAIN_MS = 6000;
/** The eyes may leave the window for a moment. */
const AWAY_MS = 5000;

/**
 * What to tell, as what changes: pure but for its timers. `send(conversation, body, leaving)` tells it.
 * @param {{send: Function, now: () => number, after: Function, cancel: Function}} page
 */
export function createTelling({send, now, after, cancel}) {
  let told = {conversation: null, typing: null};
  let wanted = null;
  let typing = null;
  let typedAt = -Infinity;
  let saidAt = -Infinity;
  let settle = null;
  let pause = null;
  let away = null;

  function say(conversation, kind) {
    cancel(settle);
    settle = null;
    if (conversation === null) {
      if (told.conversation !== null) send(told.conversation, {viewing: false}, true);
    } else if (conversation !== told.conversation || kind !== told.typing || (kind && now() - saidAt >= AGAIN_MS)) {
      saidAt = now();
      send(conversation, {typing: kind}, false);
    } else return;
    told = {conversation, typing: conversation === null ? null : kind};
  }

  return {
    get told() {
      return told;
    },
    /** The conversation that is open; null: none. `leaving`: the page goes, so that nothing may wait. */
    look(conversation, leaving = false) {
      if (leaving) {
        wanted = null;
        say(null, null);
        return;
      }
      if (conversation === wanted) return;
      wanted = conversation;
      cancel(settle);
      cancel(away);
      if (conversation === null) {
        away = after(() => wanted === null && say(null, null), AWAY_MS);
        return;
      }
      if (typing && conversation !== told.conversation) typing = null;
      settle = after(() => wanted === conversation && say(conversation, typing), SETTLE_MS);
    },
    /** A key was pressed in the composer: a reply or a note. */
    typed(kind) {
      if (wanted === null) return;
      typedAt = now();
      typing = kind;
      say(wanted, kind);
      cancel(pause);
      pause = after(function rest() {
        if (now() - typedAt < PAUSE_MS) return;
        typing = null;
        if (wanted !== null && told.typing) say(wanted, null);
      }, PAUSE_MS);
    },
    /** What was written is sent, or given up. */
    finished() {
      typing = null;
      cancel(pause);
      if (wanted !== null && told.typing) say(wanted, null);
    },
  };
}
