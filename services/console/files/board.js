// The state of one workspace: read over REST, then updated by the facts of the stream.

export const OPEN = ["bot", "waiting", "offered", "assigned", "pending"];
const MAX_CONVERSATIONS = 3000;
const MAX_CLOCKS_READ = 150;
// A clock is at risk when this share of its time is over.
const RISK_SHARE = 0.5;

export class Board {
  constructor(api, workspace, onChange) {
    this.api = api;
    this.base = `/v1/workspaces/${workspace}`;
    this.onChange = onChange;
    this.conversations = new Map();
    this.clocks = new Map();
    this.sentences = new Map();
    this.overview = null;
    this.readAt = 0;
    this.names = new Map();
    this.accounts = null;
    this.webhooks = null;
    this.ledgers = null;
    this.warnings = [];
    this.detail = null;
    this.agents = [];
    this.teams = new Map();
    this.letters = [];
    this.lettersForbidden = false;
    this.capped = false;
  }

  // The figures that the server counts: a page that was just opened has seen no facts to count.
  async readOverview() {
    this.overview = await this.api.get(`${this.base}/overview`);
    this.readAt = Date.now();
    for (const conversation of this.overview.longest_waiting) this.putConversation(conversation);
    this.onChange();
  }

  // Accounts and their ledgers, webhook subscriptions, and requirements of rules that no agent meets.
  async readSetup() {
    const [accounts, ledgers, webhooks, routing] = await Promise.all([
      this.api.items(`${this.base}/accounts`),
      this.api.items(`${this.base}/overview/ledgers`),
      this.api.items(`${this.base}/overview/webhooks`),
      this.api.get(`${this.base}/routing`),
    ]);
    [this.accounts, this.ledgers, this.webhooks, this.warnings] = [accounts, ledgers, webhooks, routing.warnings ?? []];
    this.onChange();
  }

  // The names of these customers, each requested once.
  async readNames(persons) {
    const unknown = [...new Set(persons)].filter((person) => !this.names.has(person)).slice(0, 50);
    if (!unknown.length) return;
    // Before the request, so that a redraw meanwhile does not request them again.
    for (const person of unknown) this.names.set(person, "");
    for (const { person, name } of await this.api.items(`${this.base}/overview/customers`, { person: unknown, limit: "" }, 1)) {
      this.names.set(person, name ?? "");
    }
    this.onChange();
  }

  // Read one conversation with messages, decisions and clocks, for the detail card.
  async open(id) {
    this.detail = { id };
    const path = `${this.base}/conversations/${encodeURIComponent(id)}`;
    const [conversation, messages, decisions, clocks] = await Promise.all([
      this.api.get(path),
      this.api.items(`${path}/messages`),
      this.api.items(`${path}/decisions`),
      this.api.items(`${path}/clocks`),
    ]);
    // Another conversation was opened meanwhile.
    if (this.detail?.id !== id) return;
    this.putConversation(conversation);
    this.detail = { id, conversation, messages, decision: decisions.at(-1), clocks };
    await this.readNames([conversation.person]);
    this.onChange();
  }

  async load() {
    const lists = OPEN.map((status) => this.api.items(`${this.base}/conversations`, { status }));
    const newest = this.api.items(`${this.base}/conversations`, {}, 3);
    const teams = this.api.items(`${this.base}/teams`);
    const found = await Promise.all([...lists, newest]);
    this.capped = found.slice(0, OPEN.length).some((list) => list.length >= 1000);
    for (const conversation of found.flat()) this.putConversation(conversation);
    this.teams = new Map((await teams).map((team) => [team.id, team.name]));
    await Promise.all([this.readOverview(), this.readAgents(), this.readLetters(), this.readClocks(), this.readSetup()]);
  }

  async readAgents() {
    this.agents = await this.api.items(`${this.base}/agents`);
    this.onChange();
  }

  async readLetters() {
    try {
      this.letters = await this.api.items("/v1/dead-letters", { limit: "50" }, 1);
      this.lettersForbidden = false;
    } catch (error) {
      if (error.status !== 403) throw error;
      this.lettersForbidden = true;
    }
    this.onChange();
  }

  // The clocks of open conversations that are not pending, those of the oldest conversations first.
  async readClocks() {
    const open = [...this.conversations.values()].filter((one) => OPEN.includes(one.status) && one.status !== "pending");
    open.sort((a, b) => a.opened_at.localeCompare(b.opened_at));
    await forEachConcurrently(open.slice(0, MAX_CLOCKS_READ), async ({ id }) => {
      for (const clock of await this.api.items(`${this.base}/conversations/${id}/clocks`)) this.putClock(id, clock);
    });
    this.onChange();
  }

  async act(letter, action) {
    await this.api.request(`/v1/dead-letters/${encodeURIComponent(letter)}/${action}`, { method: "POST" });
  }

  // Read the newest conversations of a status and a team: this page may not have all of them.
  async readMatching(status, team) {
    const query = { status, team, limit: "100" };
    for (const conversation of await this.api.items(`${this.base}/conversations`, query, 1)) this.putConversation(conversation);
    this.onChange();
  }

  // The sentence of the last decision about each of these conversations.
  async readDecisions(conversations) {
    const unknown = conversations.filter(({ id }) => !this.sentences.has(id));
    for (const { id } of unknown) this.sentences.set(id, "");
    await forEachConcurrently(unknown, async ({ id }) => {
      const decisions = await this.api.items(`${this.base}/conversations/${id}/decisions`);
      this.sentences.set(id, decisions.at(-1)?.summary ?? "");
    });
    if (unknown.length) this.onChange();
  }

  applyFact(fact) {
    const { data, type } = fact;
    if (data.snapshot) this.putConversation(data.snapshot);
    if (data.clock) this.putClock(data.conversation, data.clock);
    if (data.conversation === this.detail?.id) this.open(data.conversation).catch(() => {});
    if (/\.(assigned|queued|reopened)$/.test(type)) this.sentences.delete(data.conversation);
    this.onChange();
  }

  putConversation(conversation) {
    const known = this.conversations.get(conversation.id);
    // An answer over REST may be older than a fact that came meanwhile.
    if (known && known.updated_at > conversation.updated_at) return;
    this.conversations.set(conversation.id, conversation);
    if (this.conversations.size > MAX_CONVERSATIONS) this.dropOldest();
  }

  // Drop finished conversations, those without news for longest first.
  dropOldest() {
    const finished = [...this.conversations.values()].filter((one) => !OPEN.includes(one.status));
    finished.sort((a, b) => a.updated_at.localeCompare(b.updated_at));
    for (const { id } of finished.slice(0, MAX_CONVERSATIONS / 3)) {
      this.conversations.delete(id);
      this.sentences.delete(id);
    }
  }

  putClock(conversation, clock) {
    const key = [conversation, clock.metric, clock.started_at].join();
    const isRunning = clock.state === "running" || (clock.state === "breached" && !clock.stopped_at);
    if (isRunning) this.clocks.set(key, { ...clock, conversation });
    else this.clocks.delete(key);
  }

  // The clocks whose time is half over, and those that are late; by due time.
  clocksAtRisk(now) {
    const atRisk = [...this.clocks.values()].filter((clock) => {
      const ahead = Date.parse(clock.due_at) - now;
      return ahead < clock.target_seconds * 1000 * (1 - RISK_SHARE);
    });
    return atRisk.sort((a, b) => a.due_at.localeCompare(b.due_at));
  }

  countByStatus() {
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

// Do this work for each item, `concurrency` items at a time.
async function forEachConcurrently(items, work, concurrency = 6) {
  const queue = [...items];
  const worker = async () => {
    while (queue.length) await work(queue.shift());
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}
