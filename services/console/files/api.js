// The REST API and the stream of facts, with one key.

const SKEW_NOTICED = 3000;
// At once after the first cut: whoever ended the stream may have revoked the key, and asking again says so.
const BACKOFF = [150, 1000, 2000, 4000, 8000, 15000];
const SILENCE = 45_000;

export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

export class Api {
  // `refused` is called when the key is not known, or not any more, whatever was asked.
  constructor(key, { language = () => "en", refused = () => {} } = {}) {
    this.key = key;
    this.language = language;
    this.refused = refused;
    this.stopped = new AbortController();
    // Milliseconds that the server's clock is ahead of this machine's.
    this.skew = 0;
  }

  stop() {
    this.stopped.abort();
  }

  async ask(path, { method = "GET", headers = {}, signal = null } = {}) {
    const answer = await fetch(path, {
      method,
      headers: { Authorization: `Bearer ${this.key}`, "Accept-Language": this.language(), ...headers },
      signal: signal ?? this.stopped.signal,
      credentials: "omit",
    });
    const skew = Date.parse(answer.headers.get("date")) - Date.now();
    this.skew = Math.abs(skew) > SKEW_NOTICED ? skew : 0;
    if (answer.status === 401 && !this.stopped.signal.aborted) this.refused();
    if (!answer.ok) {
      const problem = await answer.json().catch(() => ({}));
      throw new Refused(answer.status, problem.detail ?? answer.statusText);
    }
    return answer;
  }

  async get(path, query = {}) {
    const asked = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) for (const one of [value].flat()) if (one) asked.append(name, one);
    return (await this.ask(`${path}?${asked}`)).json();
  }

  // Items of a list, over at most so many pages.
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

  // Follows the facts of a workspace until stopped; comes back by the last id whenever it is cut.
  // `began` is called when it starts from now: what was before has to be read.
  async follow(workspace, { began, told, state }) {
    let last = null;
    let failures = 0;
    while (!this.stopped.signal.aborted) {
      const silent = new AbortController();
      const cut = () => silent.abort();
      let alarm = setTimeout(cut, SILENCE);
      this.stopped.signal.addEventListener("abort", cut);
      try {
        const headers = last ? { "Last-Event-ID": last } : {};
        const answer = await this.ask(`/v1/workspaces/${workspace}/events`, { headers, signal: silent.signal });
        if (!last) began();
        for await (const block of blocks(answer.body)) {
          clearTimeout(alarm);
          alarm = setTimeout(cut, SILENCE);
          if (block.id) last = block.id;
          failures = 0;
          state("live");
          if (block.data) told(JSON.parse(block.data));
        }
      } catch (error) {
        if (this.stopped.signal.aborted) return;
        if (error instanceof Refused && [401, 403, 404].includes(error.status)) throw error;
        if (error instanceof Refused && error.status === 422) last = null;
      } finally {
        clearTimeout(alarm);
        this.stopped.signal.removeEventListener("abort", cut);
      }
      if (failures > 0) state("lost");
      await new Promise((done) => setTimeout(done, BACKOFF[Math.min(failures, BACKOFF.length - 1)]));
      failures += 1;
    }
  }
}

// Blocks of server-sent events; comments are left out.
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
