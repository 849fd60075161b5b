// What choices are made of: the teams, agents, languages and channels of the shop, read once until something is written.

import {languageName, channelName} from '../words.js';
import {withOthers} from './schemas.js';
import {SECTIONS} from './sections.js';

export function createSources({state, update, api}) {
  let known = false;

  async function read() {
    const [workspace, teams, agents, channels] = await Promise.all([api.request('GET', ''), api.items('/teams'), api.items('/agents'), api.items('/channels')]);
    const languages = workspace.body?.languages ?? ['en'];
    const skills = new Set(['lang:{language}', ...languages.map((tag) => `lang:${tag}`), ...(agents ?? []).flatMap((agent) => Object.keys(agent.skills))]);
    update(() => Object.assign(state.sources, {
      name: workspace.body?.name,
      timezone: workspace.body?.timezone ?? 'UTC',
      settings: workspace.body?.settings ?? {},
      languages: languages.map((tag) => ({id: tag, name: languageName(tag)})),
      teams: teams ?? [],
      agents: agents ?? [],
      channels: (channels ?? []).map((channel) => ({...channel, name: channelName(channel.id)})),
      skills: [...skills].map((id) => ({id, name: skillName(id)})),
    }));
    known = workspace.ok;
  }

  /** The document of the API, for what the forms of settings do not know by themselves. Without it they do well. */
  async function readApi() {
    const answer = await fetch('/openapi.json', {credentials: 'same-origin'}).catch(() => null);
    const document = answer?.ok ? await answer.json() : null;
    Object.assign(state.more, {api: document});
  }
  const settingsOf = {settings: 'WorkspaceSettings', teams: 'TeamSettings'};

  return {
    /** Read what the forms of a section choose from. What is taken of its ids is read as well. */
    async need(section) {
      if (!known) await read();
      if (section in settingsOf && state.more.api === undefined) await readApi();
      const {list} = SECTIONS[section];
      if (!list || section === 'keys') return;
      const all = await api.items(list);
      update(() => {
        state.taken = (all ?? []).map((one) => one.id);
      });
    },
    forget() {
      known = false;
    },
    schemaOf(section, channel) {
      const {schema} = SECTIONS[section];
      if (section in settingsOf) return withOthers(schema, state.more.api?.components?.schemas?.[settingsOf[section]]);
      return schema ?? state.sources.channels?.find((one) => one.id === channel)?.account_schema ?? null;
    },
    /** Where references in a schema lead. */
    rootOf: (section) => (section in settingsOf ? (state.more.api ?? undefined) : undefined),
    /** What the form of something new begins with. */
    firstOf(section, channel) {
      const teams = state.sources.teams ?? [];
      if (section === 'agents') {
        return {teams: teams.length === 1 ? [teams[0].id] : [], capacity: 4, role: 'agent', skills: Object.fromEntries((state.sources.languages ?? []).map(({id}) => [`lang:${id}`, 3]))};
      }
      if (section === 'accounts' && channel === 'telegram') return {settings: {receive: 'poll'}};
      if (section === 'keys') return {scopes: ['read']};
      return undefined;
    },
  };
}

/** A skill as people say it: a language by its name. */
export function skillName(id) {
  const [kind, tag] = id.split(':');
  return kind === 'lang' && tag && !tag.includes('{') ? languageName(tag) : id;
}
