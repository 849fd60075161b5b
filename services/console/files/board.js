// What is known of one workspace: read once over REST, then kept by the facts of the stream.

export const OPEN = ["bot", "waiting", "offered", "assigned", "pending"];
const MOST_CONVERSATIONS = 3000;
const MOST_CLOCKS_READ = 150;
const MINUTE = 60_000;
const RISK = 0.5;

export class Board {
  constructor(api, workspace, changed) {
    this.api = api;
    this.base = `/v1/workspaces/${workspace}`;
    this.changed = changed;
    this.conversations = new Map();
    this.clocks = new Map();
    this.sentences = new Map();
    this.messages = [];
    this.agents = [];
    this.teams = new Map();
    this.letters = [];
    this.lettersForbidden = false;
    this.capped = false;
  }

  async load() {
    const lists = OPEN.map((status) => this.api.items(`${this.base}/conversations`, { status }));
    const newest = this.api.items(`${this.base}/conversations`, {}, 3);
    const teams = this.api.items(`${this.base}/teams`);
    const found = await Promise.all([...lists, newest]);
    this.capped = found.slice(0, OPEN.length).some((list) => list.length >= 1000);
    for (const conversation of found.flat()) this.keep(conversation);
    this.teams = new Map((await teams).map((team) => [team.id, team.name]));
    await Promise.all([this.readAgents(), this.readLetters(), this.readClocks()]);
  }

  async readAgents() {
    this.agents = await this.api.items(`${this.base}/agents`);
    this.changed();
  }

  async readLetters() {
    try {
      this.letters = await this.api.items("/v1/dead-letters", { limit: "50" }, 1);
      this.lettersForbidden = false;
    } catch (error) {
      if (error.status !== 403) throw error;
      this.lettersForbidden = true;
    }
    this.changed();
  }

  // The clocks of those who wait or are being answered, the longest open first.
  async readClocks() {
    const open = [...this.conversations.values()].filter((one) => OPEN.includes(one.status) && one.status !== "pending");
    open.sort((a, b) => a.opened_at.localeCompare(b.opened_at));
    await inTurn(open.slice(0, MOST_CLOCKS_READ), async ({ id }) => {
      for (const clock of await this.api.items(`${this.base}/conversations/${id}/clocks`)) this.tick(id, clock);
    });
    this.changed();
  }

  async act(letter, action) {
    await this.api.ask(`/v1/dead-letters/${encodeURIComponent(letter)}/${action}`, { method: "POST" });
  }

  // Conversations as the filters ask, newest first; the server is asked for those that are not known here.
  async find(status, team) {
    const query = { status, team, limit: "100" };
    for (const conversation of await this.api.items(`${this.base}/conversations`, query, 1)) this.keep(conversation);
    this.changed();
  }

  // Why each of these went where it is: the last decision about it.
  async explain(conversations) {
    const unknown = conversations.filter(({ id }) => !this.sentences.has(id));
    for (const { id } of unknown) this.sentences.set(id, "");
    await inTurn(unknown, async ({ id }) => {
      const decisions = await this.api.items(`${this.base}/conversations/${id}/decisions`);
      this.sentences.set(id, decisions.at(-1)?.summary ?? "");
    });
    if (unknown.length) this.changed();
  }

  tell(fact) {
    const { data, type } = fact;
    if (data.snapshot) this.keep(data.snapshot);
    if (data.clock) this.tick(data.conversation, data.clock);
    if (type.endsWith(".message_received")) this.messages.push(Date.parse(fact.time));
    if (/\.(assigned|queued|reopened)$/.test(type)) this.sentences.delete(data.conversation);
    this.changed();
  }

  keep(conversation) {
    const known = this.conversations.get(conversation.id);
    if (known && known.updated_at > conversation.updated_at) return;
    this.conversations.set(conversation.id, conversation);
    if (this.conversations.size > MOST_CONVERSATIONS) this.forget();
  }

  forget() {
    const done = [...this.conversations.values()].filter((one) => !OPEN.includes(one.status));
    done.sort((a, b) => a.updated_at.localeCompare(b.updated_at));
    for (const { id } of done.slice(0, MOST_CONVERSATIONS / 3)) {
      this.conversations.delete(id);
      this.sentences.delete(id);
    }
  }

  tick(conversation, clock) {
    const key = [conversation, clock.metric, clock.started_at].join();
    const runs = clock.state === "running" || (clock.state === "breached" && !clock.stopped_at);
    if (runs) this.clocks.set(key, { ...clock, conversation });
    else this.clocks.delete(key);
  }

  // Running clocks with half of their time gone, and those that are late; the nearest first.
  atRisk(now) {
    const risky = [...this.clocks.values()].filter((clock) => {
      const ahead = Date.parse(clock.due_at) - now;
      return ahead < clock.target_seconds * 1000 * (1 - RISK);
    });
    return risky.sort((a, b) => a.due_at.localeCompare(b.due_at));
  }

  counted() {
    const counts = Object.fromEntries(OPEN.map((status) => [status, 0]));
    for (const { status } of this.conversations.values()) if (status in counts) counts[status] += 1;
    return counts;
  }

  recentMessages(now) {
    this.messages = this.messages.filter((at) => at > now - 5 * MINUTE);
    return this.messages.length;
  }

  // Conversations opened in each of the last minutes, the oldest first.
  volume(now, minutes) {
    const bars = Array(minutes).fill(0);
    for (const { opened_at: at } of this.conversations.values()) {
      const ago = Math.floor((now - Date.parse(at)) / MINUTE);
      if (ago >= 0 && ago < minutes) bars[minutes - 1 - ago] += 1;
    }
    return bars;
  }

  waitingByTeam() {
    const teams = new Map();
    for (const one of this.conversations.values()) {
      if (one.status !== "waiting") continue;
      const found = teams.get(one.team) ?? { team: one.team, waiting: 0, since: one.updated_at };
      found.waiting += 1;
      if (one.opened_at < found.since) found.since = one.opened_at;
      teams.set(one.team, found);
    }
    return [...teams.values()].sort((a, b) => b.waiting - a.waiting);
  }

  teamName(id) {
    return this.teams.get(id) ?? id;
  }
}

// Do this for each, a few at a time.
async function inTurn(items, work, atOnce = 6) {
  const queue = [...items];
  const worker = async () => {
    while (queue.length) await work(queue.shift());
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
