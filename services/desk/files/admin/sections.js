// The parts of the shop that are set up: where each is read and written, and the form that it has. One table.

import {AGENT, CANNED, HOURS, KEY, ROUTING, SLA, TEAM, WORKSPACE} from './schemas.js';

const part = (id) => encodeURIComponent(id);
const OF_WORKSPACE = ['name', 'languages', 'timezone', 'calendar', 'own', 'settings'];

/**
 * `list`: it is a list of resources, at this path. `path(id)`: where one is read and written. `writes`: what of a read is written back. `kind` stands
 * for ids of names without letters. `schema` null: that of the account's channel. `fixed`: it cannot be deleted.
 */
export const SECTIONS = {
  start: {page: true},
  agents: {list: '/agents', path: (id) => `/agents/${part(id)}`, schema: AGENT, kind: 'agent', writes: ['name', 'teams', 'skills', 'capacity', 'limits', 'role']},
  teams: {list: '/teams', path: (id) => `/teams/${part(id)}`, schema: TEAM, kind: 'team', writes: ['name', 'calendar', 'settings'], fixed: ['default']},
  accounts: {
    list: '/accounts', id: (view) => `${view.channel}/${view.id}`, path: (id) => `/accounts/${id.split('/').map(part).join('/')}`, schema: null, kind: 'main',
    writes: ['name', 'credentials', 'language', 'api_base', 'settings', 'calendar'],
  },
  routing: {path: () => '/routing', schema: ROUTING, writes: ['rules']},
  sla: {path: () => '/sla', schema: SLA, writes: ['policies']},
  hours: {path: () => '', schema: HOURS, writes: OF_WORKSPACE},
  canned: {list: '/canned', path: (id) => `/canned/${part(id)}`, schema: CANNED, kind: 'answer', writes: ['title', 'text', 'language', 'teams', 'shortcut']},
  keys: {list: '/v1/keys', path: (id) => `/v1/keys/${part(id)}`, schema: KEY, kind: 'key', writes: ['name', 'scopes', 'agent']},
  settings: {path: () => '', schema: WORKSPACE, writes: OF_WORKSPACE},
};
export const NAMES = Object.keys(SECTIONS);
/** The id of what does not exist yet, in addresses. */
export const NEW = '+';

export const idOf = (section, view) => (SECTIONS[section].id ?? ((one) => one.id))(view);

/** What an address below `/desk/admin` shows: `{section, id}`; `id` null: the list, or the only one. */
export function placeOf(pathname) {
  const [, , , section = 'start', ...id] = pathname.split('/').map(decodeURIComponent);
  return {section: section in SECTIONS ? section : 'start', id: id.length && id[0] ? id.join('/') : null};
}

/** The address of a section, or of one thing in it. */
export const addressOf = (section, id = null) => `/desk/admin/${section}${id === null ? '' : `/${id.split('/').map(part).join('/')}`}`;
