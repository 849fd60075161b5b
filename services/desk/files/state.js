// The one state of the page, and what follows its changes.

/** Runs `draw` at the next frame; hidden tabs have none, so that time does as well. */
export function nextFrame(draw) {
  let done = false;
  const once = () => {
    if (done) return;
    done = true;
    draw();
  };
  requestAnimationFrame(once);
  setTimeout(once, 120);
}

/**
 * `update(change)` lets `change(state)` alter the state; listeners are called once a frame, however many changes there were.
 * @template S
 * @param {S} state
 */
export function createStore(state, frame = nextFrame) {
  const listeners = new Set();
  let due = false;
  const draw = () => {
    due = false;
    for (const listener of listeners) listener(state);
  };
  return {
    state,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    update(change) {
      change(state);
      if (due) return;
      due = true;
      frame(draw);
    },
  };
}

/** The state of a page that has just been opened. */
export function initialState() {
  return {
    session: null,
    me: null,
    agents: new Map(),
    teams: new Map(),
    connection: {live: false, since: null, at: 0},
    skew: 0,
    now() {
      return Date.now() + this.skew;
    },
    language: 'en',
    place: 'list',
    view: 'mine',
    sort: 'due',
    query: '',
    counts: {},
    rows: new Map(),
    lists: new Map(), readings: new Set(),
    open: null,
    threads: new Map(),
    offers: new Map(),
    signals: new Map(),
    drafts: new Map(),
    outbox: [],
    notices: [],
    undo: null,
    dialog: null,
    signIn: null,
    panel: false,
    settings: {},
  };
}
