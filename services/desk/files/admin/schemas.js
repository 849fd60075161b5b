// What the forms of the shop ask for: the bodies of the REST API, with how each part is asked. Held to OpenAPI by a test.
//
// `x-label` is left out where the words of a field are those of its name (`f_NAME`). `x-source` names where choices come from: the
// teams, agents, languages and channels of the shop.

const text = (more = {}) => ({type: 'string', ...more});
const needed = text({minLength: 1, maxLength: 200});
const seconds = (minimum, more = {}) => ({type: 'number', minimum, 'x-kind': 'duration', ...more});
const optional = (schema, fallback = null) => ({...schema, anyOf: [{...schema}, {type: 'null'}], default: fallback});
const choice = (options, fallback) => ({type: 'string', enum: options, ...(fallback === undefined ? {} : {default: fallback})});
const choices = (source, options) => ({type: 'array', items: {type: 'string', enum: options ?? []}, 'x-kind': 'choices', 'x-source': source, default: []});
const texts = (limit) => ({anyOf: [text({maxLength: limit}), {type: 'object', additionalProperties: text()}, {type: 'null'}], default: null});
const calendar = {title: 'Calendar', type: 'object'};
const skills = {type: 'object', additionalProperties: {type: 'integer', minimum: 1, maximum: 5}, 'x-source': 'skills', default: {}};
const CLASSES = ['chat', 'mail', 'call', 'public'];
export const PRIORITIES = ['urgent', 'high', 'normal', 'low'];

export const AGENT = {
  type: 'object',
  required: ['name', 'teams'],
  properties: {
    name: needed,
    role: choice(['agent', 'lead'], 'agent'),
    teams: {...choices('teams'), default: undefined},
    skills: {...skills, 'x-note': 'skills'},
    capacity: {type: 'integer', minimum: 1, maximum: 1000, default: 4, 'x-note': 'capacity'},
    limits: {type: 'object', additionalProperties: {type: 'integer', minimum: 0, maximum: 1000}, 'x-keys': CLASSES, 'x-note': 'limits', default: {}},
  },
};

const AFTER_HOURS = {type: 'object', 'x-note': 'after_hours', properties: {message: {type: 'boolean', default: true}, closed: texts(1000), email: texts(1000)}};
const WITH_TEAMS = {...text(), enum: [], 'x-kind': 'choice', 'x-source': 'teams'};
const OVERFLOW = {
  type: 'object',
  'x-note': 'overflow',
  required: ['to_team'],
  properties: {to_team: WITH_TEAMS, max_waiting: optional({type: 'integer', minimum: 0, maximum: 1000000}), max_wait_seconds: optional(seconds(1))},
};

const offers = (fallback) => ({
  offer_mode: fallback ? choice(['auto', 'offer'], 'auto') : optional(choice(['auto', 'offer'])),
  offer_seconds: fallback ? seconds(5, {maximum: 300, default: 30}) : optional(seconds(5, {maximum: 300})),
});

export const TEAM = {
  type: 'object',
  required: ['name'],
  properties: {
    name: needed,
    settings: {type: 'object', 'x-label': 'offers', 'x-note': 'team_settings', properties: {
      ...offers(false), overflow: optional(OVERFLOW), wrap_up_seconds: optional(seconds(0, {maximum: 900})), unread_return_seconds: optional(seconds(1)), after_hours: optional(AFTER_HOURS),
    }},
    calendar: {...calendar, 'x-note': 'team_calendar'},
  },
};

export const SHOP = {
  type: 'object',
  required: ['name', 'languages'],
  properties: {
    name: needed,
    languages: {type: 'array', items: text(), 'x-kind': 'languages', 'x-note': 'languages'},
    timezone: text({'x-kind': 'zone', default: 'UTC'}),
  },
};

const HANDOFF_TEXTS = Object.fromEntries(['link', 'invitation', 'private_reply', 'replied_privately', 'notice', 'verification'].map((name) => [name, texts(1000)]));

const SETTINGS = {
  after_hours: optional(AFTER_HOURS),
  unread_return_seconds: optional(seconds(1), 120),
  wrap_up_seconds: seconds(0, {maximum: 900, default: 0}),
  handoff_texts: {type: 'object', 'x-note': 'handoff_texts', properties: HANDOFF_TEXTS},
  greeting: {...texts(4096), 'x-note': 'greeting'},
  visibility: {...choice(['team', 'own'], 'team')},
  claim_over_capacity: {type: 'boolean', default: false},
  detect_silence: {type: 'boolean', default: true},
  handoff_seconds: seconds(1, {default: 900}),
  ...offers(true),
  missed_offers: {type: 'integer', minimum: 1, default: 2},
  preferred_agent_seconds: seconds(1, {default: 60}),
  work_units: {type: 'object', additionalProperties: {type: 'integer', minimum: 1, maximum: 1000}, 'x-keys': CLASSES, 'x-note': 'work_units', default: {}},
  call_blocks: {type: 'boolean', default: false},
  pending_release_seconds: seconds(1, {default: 600}),
  auto_resolve_seconds: {
    type: 'object', additionalProperties: optional(seconds(1)), 'x-kind': 'map', 'x-source': 'channels', 'x-note': 'auto_resolve',
    default: {webchat: 86400, default: 604800},
  },
  beat_seconds: seconds(1, {default: 15}),
  lost_away_seconds: seconds(1, {default: 60}),
  lost_return_seconds: seconds(1, {default: 300}),
  lost_offline_seconds: seconds(1, {default: 900}),
  idle_away_seconds: optional(seconds(1)),
};
const part = (...names) => Object.fromEntries(names.map((name) => [name, SETTINGS[name]]));
const OWN = Object.fromEntries(['phones', 'emails', 'addresses', 'cards', 'ibans', 'patterns'].map((name) => [name, {type: 'array', items: text(), default: []}]));

/** The workspace, but for its opening hours. */
export const WORKSPACE = {
  ...SHOP,
  properties: {
    ...SHOP.properties,
    settings: {type: 'object', 'x-label': 'settings', properties: SETTINGS},
    own: {type: 'object', 'x-label': 'own', 'x-note': 'own', properties: OWN},
  },
};
/** The settings in groups, each with a heading. */
export const GROUPS = [
  ['customers', part('greeting', 'visibility', 'claim_over_capacity', 'after_hours', 'detect_silence')],
  ['offers', part('offer_mode', 'offer_seconds', 'missed_offers', 'unread_return_seconds', 'wrap_up_seconds', 'preferred_agent_seconds', 'work_units', 'call_blocks')],
  ['silence', part('pending_release_seconds', 'auto_resolve_seconds')],
  ['handoff', part('handoff_seconds', 'handoff_texts')],
  ['presence', part('lost_away_seconds', 'lost_return_seconds', 'lost_offline_seconds', 'idle_away_seconds', 'beat_seconds')],
].map(([name, properties]) => [name, Object.keys(properties)]);

/**
 * A form with what the API has besides, in the words of the API: so that no setting of a newer server is out of reach.
 * `body` is the schema of the settings in the OpenAPI document.
 */
export function withOthers(schema, body) {
  const known = schema.properties.settings.properties;
  const others = Object.fromEntries(Object.entries(body?.properties ?? {}).filter(([name]) => !(name in known)));
  const settings = {...schema.properties.settings, properties: {...known, ...others}};
  return {...schema, properties: {...schema.properties, settings}};
}

export const HOURS = {type: 'object', properties: {calendar: {...calendar, 'x-note': 'hours'}}};

const CASE = {
  channel: choices('channels'),
  surface: choices(null, ['private', 'public']),
  language: choices('languages'),
  sentiment: choices(null, ['positive', 'neutral', 'negative']),
  sensitive: {...optional({type: 'boolean'}), 'x-empty': 'any'},
  intent: {type: 'array', items: text(), default: [], 'x-note': 'intent'},
  tier: {type: 'array', items: text(), default: []},
  tag: {type: 'array', items: text(), default: []},
};
const RELAX = {
  type: 'object',
  'x-label': 'step',
  required: ['after_seconds'],
  properties: {
    after_seconds: seconds(1),
    skills,
    drop_skills: {type: 'array', items: text(), default: []},
    add_teams: choices('teams'),
  },
};
export const ROUTING = {
  type: 'object',
  required: ['rules'],
  properties: {
    rules: {
      type: 'array',
      'x-note': 'rules',
      items: {
        type: 'object',
        'x-label': 'rule',
        properties: {
          when: {type: 'object', 'x-label': 'when', properties: CASE},
          then: {
            type: 'object',
            'x-label': 'then',
            properties: {
              team: {...text({default: 'default'}), enum: [], 'x-kind': 'choice', 'x-source': 'teams'},
              skills: {...skills, 'x-note': 'rule_skills'},
              priority: choice(PRIORITIES, 'normal'),
              relax: {type: 'array', items: RELAX, default: [], 'x-note': 'relax'},
            },
          },
        },
      },
    },
  },
};
/** A case to try the rules with. */
const open = (schema) => ({...optional(schema), 'x-empty': 'any'});
export const TRIED = {type: 'object', properties: {
  channel: open({...text(), enum: [], 'x-kind': 'choice', 'x-source': 'channels'}),
  surface: open(choice(['private', 'public'])),
  language: open({...text(), enum: [], 'x-kind': 'choice', 'x-source': 'languages'}),
  sentiment: open(choice(['positive', 'neutral', 'negative'])),
  sensitive: open({type: 'boolean'}),
  intent: text(),
  tier: text(),
  tag: text(),
  waited_seconds: seconds(0, {default: 0}),
}};

const METRICS = ['first_response', 'next_response', 'resolution', 'pickup', 'public_response'];
const TARGETS = Object.fromEntries(METRICS.map((metric) => [`${metric}_seconds`, optional(seconds(1))]));
export const SLA = {
  type: 'object',
  required: ['policies'],
  properties: {
    policies: {
      type: 'array',
      'x-note': 'policies',
      items: {
        type: 'object',
        'x-label': 'policy',
        required: ['id', 'targets'],
        properties: {
          id: text({minLength: 1, maxLength: 64, pattern: '^[a-z0-9][a-z0-9_-]{0,63}$'}),
          targets: {type: 'object', 'x-label': 'targets', properties: TARGETS},
          when: {type: 'object', 'x-label': 'when', properties: {...CASE, priority: choices(null, PRIORITIES), team: choices('teams')}},
          warn_at: {type: 'array', items: {type: 'number'}, default: [0.5, 0.8], 'x-note': 'warn_at'},
          calendar: {...calendar, 'x-note': 'policy_calendar'},
          escalate: {
            type: 'object',
            'x-label': 'escalate',
            properties: {
              on: optional(choice(['breached', 'warned'])),
              priority: optional(choice(PRIORITIES)),
              team: optional({...text(), enum: [], 'x-kind': 'choice', 'x-source': 'teams'}),
            },
          },
        },
      },
    },
  },
};

export const CANNED = {
  type: 'object',
  required: ['title', 'text'],
  properties: {
    title: needed,
    text: text({minLength: 1, maxLength: 10000, 'x-note': 'canned_text'}),
    shortcut: optional(text({maxLength: 40, pattern: '^[^\\s/{}]{1,40}$', 'x-note': 'shortcut'})),
    language: optional({...text(), enum: [], 'x-kind': 'choice', 'x-source': 'languages'}),
    teams: {...choices('teams'), 'x-note': 'canned_teams'},
  },
};

export const KEY = {
  type: 'object',
  required: ['name', 'scopes'],
  properties: {
    name: needed,
    scopes: {type: 'array', items: {type: 'string', enum: ['read', 'desk', 'write', 'admin']}, 'x-note': 'scopes'},
    agent: optional({...text(), enum: [], 'x-kind': 'choice', 'x-source': 'agents', 'x-note': 'key_agent'}),
  },
};
