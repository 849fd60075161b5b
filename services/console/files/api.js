// The REST API and the stream of facts, with one key.

// In milliseconds. A smaller difference of clocks is taken for the time that the response travelled.
const MIN_SKEW = 3000;
// Short after the first interruption: the server ends the stream of a revoked key, and the next request answers 401.
const BACKOFF = [150, 1000, 2000, 4000, 8000, 15000];
// The server sends a comment more often than this: a longer silence is a dead connection.
const MAX_SILENCE = 45_000;

export class RequestRejected extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

export class Api {
  // `onUnauthorized` is called when any request is answered 401: the key is unknown or was deleted.
  constructor(key, { language = () => "en", onUnauthorized = () => {} } = {}) {
    this.key = key;
    this.language = language;
    this.onUnauthorized = onUnauthorized;
    this.stopped = new AbortController();
    // By how many milliseconds the server's clock is ahead of this machine's.
    this.skew = 0;
  }

  stop() {
    this.stopped.abort();
  }

  async request(path, { method = "GET", headers = {}, signal = null } = {}) {
    const answer = await fetch(path, {
      method,
      headers: { Authorization: `Bearer ${this.key}`, "Accept-Language": this.language(), ...headers },
      signal: signal ?? this.stopped.signal,
      credentials: "omit",
    });
    const skew = Date.parse(answer.headers.get("date")) - Date.now();
    this.skew = Math.abs(skew) > MIN_SKEW ? skew : 0;
    if (answer.status === 401 && !this.stopped.signal.aborted) this.onUnauthorized();
    if (!answer.ok) {
      const problem = await answer.json().catch(() => ({}));
      throw new RequestRejected(answer.status, problem.detail ?? answer.statusText);
    }
    return answer;
  }

  async get(path, query = {}) {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) for (const one of [value].flat()) if (one) parameters.append(name, one);
    return (await this.request(`${path}?${parameters}`)).json();
  }

  // The items of a list, from at most `pages` pages.
  async items(path, query = {}, pages = 5) {
    const found = [];
    let cursor = null;
    do {
      const page = await this.get(path, { limit: "200", ...query, cursor });
      found.push(...page.items);
      cursor = page.next;
      pages -= 1;
    } while (cursor && pages > 0);
    return found;
  }

  // Follows the facts of a workspace until stopped. An interrupted stream resumes after the last id.
  // `onStart` is called when the stream starts without an id: what happened before has to be read over REST.
  async follow(workspace, { onStart, onFact, onState }) {
    let last = null;
    let failures = 0;
    while (!this.stopped.signal.aborted) {
      const silent = new AbortController();
      const cut = () => silent.abort();
      let alarm = setTimeout(cut, MAX_SILENCE);
      this.stopped.signal.addEventListener("abort", cut);
      try {
        const headers = last ? { "Last-Event-ID": last } : {};
        const answer = await this.request(`/v1/workspaces/${workspace}/events`, { headers, signal: silent.signal });
        if (!last) onStart();
        for await (const block of blocks(answer.body)) {
          clearTimeout(alarm);
          alarm = setTimeout(cut, MAX_SILENCE);
          if (block.id) last = block.id;
          failures = 0;
          onState("live");
          if (block.data) onFact(JSON.parse(block.data));
        }
      } catch (error) {
        if (this.stopped.signal.aborted) return;
        if (error instanceof RequestRejected && [401, 403, 404].includes(error.status)) throw error;
        if (error instanceof RequestRejected && error.status === 422) {
          // The server no longer has the id: the stream starts anew.
          last = null;
        }
      } finally {
        clearTimeout(alarm);
        this.stopped.signal.removeEventListener("abort", cut);
      }
      if (failures > 0) onState("lost");
      await new Promise((done) => setTimeout(done, BACKOFF[Math.min(failures, BACKOFF.length - 1)]));
      failures += 1;
    }
  }
}

// The blocks of a stream of server-sent events, without comments.
async function* blocks(body) {
  let text = "";
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    const parts = text.split("\n\n");
    text = parts.pop();
    for (const part of parts) {
      const fields = part.split("\n").filter((line) => !line.startsWith(":")).map((line) => line.split(/: (.*)/s));
      yield Object.fromEntries(fields.map(([name, content]) => [name, content ?? ""]));
    }
  }
}
