// What is known of one workspace: read once over REST, then kept by the facts of the stream.

export const OPEN = ["bot", "waiting", "offered", "assigned", "pending"];
const MAX_CONVERSATIONS = 3000;
const MAX_CLOCKS_READ = 150;
const RISK = 0.5;

export class Board {
  constructor(api, workspace, changed) {
    this.api = api;
    this.base = `/v1/workspaces/${workspace}`;
    this.changed = changed;
    this.conversations = new Map();
    this.clocks = new Map();
    this.sentences = new Map();
    this.overview = null;
    this.readAt = 0;
    this.names = new Map();
    this.accounts = null;
    this.webhooks = null;
    this.warnings = [];
    this.detail = null;
    this.agents = [];
    this.teams = new Map();
    this.letters = [];
    this.lettersForbidden = false;
    this.capped = false;
  }

  // What the server counts. A page that was opened a moment ago has counted nothing itself.
  async readOverview() {
    this.overview = await this.api.get(`${this.base}/overview`);
    this.readAt = Date.now();
    for (const conversation of this.overview.longest_waiting) this.keep(conversation);
    this.changed();
  }

  // Accounts, webhooks out, and rules that nobody meets.
  async readSetup() {
    const [accounts, webhooks, routing] = await Promise.all([
      this.api.items(`${this.base}/accounts`),
      this.api.items(`${this.base}/overview/webhooks`),
      this.api.get(`${this.base}/routing`),
    ]);
    [this.accounts, this.webhooks, this.warnings] = [accounts, webhooks, routing.warnings ?? []];
    this.changed();
  }

  // What these customers are called, asked for once.
  async readNames(persons) {
    const unknown = [...new Set(persons)].filter((person) => !this.names.has(person)).slice(0, 50);
    if (!unknown.length) return;
    for (const person of unknown) this.names.set(person, "");
    for (const { person, name } of await this.api.items(`${this.base}/overview/customers`, { person: unknown, limit: "" }, 1)) {
      this.names.set(person, name ?? "");
    }
    this.changed();
  }

  // One conversation whole, for those who look at it.
  async open(id) {
    this.detail = { id };
    const path = `${this.base}/conversations/${encodeURIComponent(id)}`;
    const [conversation, messages, decisions, clocks] = await Promise.all([
      this.api.get(path),
      this.api.items(`${path}/messages`),
      this.api.items(`${path}/decisions`),
      this.api.items(`${path}/clocks`),
    ]);
    if (this.detail?.id !== id) return;
    this.keep(conversation);
    this.detail = { id, conversation, messages, decision: decisions.at(-1), clocks };
    await this.readNames([conversation.person]);
    this.changed();
  }

  async load() {
    const lists = OPEN.map((status) => this.api.items(`${this.base}/conversations`, { status }));
    const newest = this.api.items(`${this.base}/conversations`, {}, 3);
    const teams = this.api.items(`${this.base}/teams`);
    const found = await Promise.all([...lists, newest]);
    this.capped = found.slice(0, OPEN.length).some((list) => list.length >= 1000);
    for (const conversation of found.flat()) this.keep(conversation);
    this.teams = new Map((await teams).map((team) => [team.id, team.name]));
    await Promise.all([this.readOverview(), this.readAgents(), this.readLetters(), this.readClocks(), this.readSetup()]);
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
    await inTurn(open.slice(0, MAX_CLOCKS_READ), async ({ id }) => {
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
    if (data.conversation === this.detail?.id) this.open(data.conversation).catch(() => {});
    if (/\.(assigned|queued|reopened)$/.test(type)) this.sentences.delete(data.conversation);
    this.changed();
  }

  keep(conversation) {
    const known = this.conversations.get(conversation.id);
    if (known && known.updated_at > conversation.updated_at) return;
    this.conversations.set(conversation.id, conversation);
    if (this.conversations.size > MAX_CONVERSATIONS) this.forget();
  }

  forget() {
    const done = [...this.conversations.values()].filter((one) => !OPEN.includes(one.status));
    done.sort((a, b) => a.updated_at.localeCompare(b.updated_at));
    for (const { id } of done.slice(0, MAX_CONVERSATIONS / 3)) {
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

  waitingByTeam() {
    const teams = new Map();
    for (const one of this.conversations.values()) {
      if (one.status !== "waiting") continue;
      const found = teams.get(one.team) ?? { team: one.team, waiting: 0, since: one.updated_at };
      found.waiting += 1;
      if (one.opened_at < found.since) found.since = one.opened_at;
      teams.set(one.team, found);
    }
    return [...teams.values()].sort((a, b) => a.since.localeCompare(b.since));
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
