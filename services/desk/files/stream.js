// The stream of the inbox: one for all tabs of a browser. The tab that holds the lock has it, and tells the others what comes.

/** Named events of the stream. */
export const TYPES = ['hello', 'beat', 'row', 'gone', 'counts', 'message', 'me', 'agent', 'offer', 'offer_ended', 'signal', 'customer'];
const BACKOFF = [1000, 2000, 4000, 8000, 15_000];
/** A beat comes every 15 s: longer silence is a dead connection. */
export const SILENCE_MS = 40_000;
/** When there is a reason to doubt, after less. */
const DOUBT_MS = 17_000;
/** A leading tab that the browser has frozen is not waited for. */
const FROZEN_MS = 60_000;
const WATCH_MS = 5000;

/** What of the browser it needs; tests bring their own. */
export const BROWSER = {
  openSource: (url) => new EventSource(url),
  openChannel: (name) => new BroadcastChannel(name),
  lock: (name, options, work) => (navigator.locks ? navigator.locks.request(name, options, work) : work()),
  now: () => Date.now(),
  after: (work, ms) => setTimeout(work, ms),
  every: (work, ms) => setInterval(work, ms),
  cancel: (timer) => clearTimeout(timer),
  random: Math.random,
};

/**
 * `onEvent({type, data, leads})` gets each event in order, in every tab. `onState({live, at, leads})` when the connection begins or ends.
 * `onRefused()` when the server does not let the stream begin. `url(last)` is the address, to go on behind the id `last`.
 */
export function createStream({name, url, onEvent, onState, onRefused = () => {}}, browser = BROWSER) {
  const channel = browser.openChannel(name);
  let source = null;
  let leads = false;
  let last = null;
  let resumes = false;
  let live = false;
  let heard = browser.now();
  let failures = 0;
  let retry = null;
  let release = null;
  let stopped = false;

  function tell(now_live) {
    if (live === now_live) return;
    live = now_live;
    onState({live, at: heard, leads});
  }

  function take({type, data, id}) {
    heard = browser.now();
    if (id) last = id;
    tell(true);
    onEvent({type, data, leads});
  }

  function received(event) {
    const one = {type: event.type, data: JSON.parse(event.data), id: event.lastEventId || null};
    // It began without an id: what was between is not told.
    if (one.type === 'hello' && !resumes) one.data.reset = true;
    failures = 0;
    channel.postMessage({event: one});
    take(one);
  }

  function close() {
    source?.close();
    source = null;
    browser.cancel(retry);
  }

  function lost() {
    const refused = source?.readyState === 2;
    close();
    tell(false);
    channel.postMessage({lost: true});
    if (stopped || !leads) return;
    if (refused) onRefused();
    const wait = BACKOFF[Math.min(failures, BACKOFF.length - 1)];
    failures += 1;
    // Not all desks at once, when a server comes back.
    retry = browser.after(connect, wait * (0.75 + browser.random() / 2));
  }

  function connect() {
    close();
    if (stopped || !leads) return;
    resumes = last !== null;
    source = browser.openSource(url(last));
    for (const type of TYPES) source.addEventListener(type, received);
    source.onerror = lost;
  }

  function lead(steal) {
    const held = () => {
      if (stopped) return undefined;
      leads = true;
      heard = browser.now();
      connect();
      return new Promise((done) => {
        release = done;
      });
    };
    // Another tab may take the lock from one that is frozen; it follows then.
    Promise.resolve(browser.lock(name, steal ? {steal: true} : {}, held)).catch(() => {
      leads = false;
      close();
      if (!stopped) lead(false);
    });
  }

  channel.onmessage = ({data}) => {
    if (leads) return;
    if (data.event) take(data.event);
    else if (data.lost) tell(false);
  };

  /** Look whether the stream is alive; `doubt`: the machine may have slept, or changed its network. */
  function check(doubt = false) {
    const silence = browser.now() - heard;
    if (!leads) {
      if (silence > FROZEN_MS) {
        heard = browser.now();
        tell(false);
        lead(true);
      }
      return;
    }
    if (source === null ? doubt : silence > (doubt ? DOUBT_MS : SILENCE_MS)) {
      failures = 0;
      if (silence > SILENCE_MS) tell(false);
      connect();
      heard = silence > SILENCE_MS ? browser.now() - DOUBT_MS : heard;
    }
  }

  const watch = browser.every(check, WATCH_MS);
  lead(false);

  return {
    check,
    /** The machine has no network: what the browser still holds is worth nothing. */
    drop() {
      if (leads && source) lost();
    },
    get leads() {
      return leads;
    },
    stop() {
      stopped = true;
      close();
      browser.cancel(watch);
      channel.close();
      release?.();
    },
  };
}
