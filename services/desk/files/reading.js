// Moves the agent's mark in a conversation: when its last message has been in view for a second, in a window that has the focus.

const SEEN_MS = 1000;

/**
 * `isSeen(id)`: whether the end of this conversation is in view now. `send(id, message)` stores the mark.
 */
export function createReading({isSeen, send, after = setTimeout, cancel = clearTimeout}) {
  const marked = new Map();
  let waits = null;
  let timer = 0;

  return {
    /** Called after each rendering, with the open conversation and its newest message of the customer. */
    look(id, message) {
      const key = message ? `${id} ${message}` : null;
      if (!key || marked.get(id) === message || !isSeen(id)) {
        cancel(timer);
        waits = null;
        return;
      }
      if (waits === key) return;
      cancel(timer);
      waits = key;
      timer = after(() => {
        waits = null;
        if (!isSeen(id)) return;
        marked.set(id, message);
        send(id, message);
      }, SEEN_MS);
    },
    /** It was set back by hand: nothing is marked until something new comes. */
    leave(id, message) {
      marked.set(id, message);
    },
  };
}
