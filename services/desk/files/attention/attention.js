// What asks for an agent's attention: offers, presence, sounds and notifications, and who else is here. Wires its parts into the page.

import {html} from '../vendor/lit-html/lit-html.js';
import {addStyle, later} from '../later.js';
import {addPart, language, text} from '../words.js';
import {createHere} from './here.js';
import {bellRegion, createNotify} from './notify.js';
import {createNotifications} from './notifications.js';
import {createOffers, offersRegion} from './offers.js';
import {createPresence, goDialog, presenceBanner, presenceRegion} from './presence.js';
import {createSounds} from './sounds.js';
import {createTelling} from './telling.js';

const TICK_MS = 1000;

/** A computer that is silent is gone; a telephone in a pocket is not, where notifications reach it. */
const isTelephone = () => navigator.userAgentData?.mobile ?? matchMedia('(pointer: coarse) and (hover: none)').matches;

/** @param {{state: object, update: Function, api: object, say: Function, actions: object, parts: object, dialogs: object}} page */
export async function createAttention({state, update, api, say, actions, parts, dialogs}) {
  await addPart((name) => import(`./words/${name}.js`));
  void addStyle('/desk/attention/attention.css');
  /** Conversations that the agent took themself: nobody needs to be told of what they did. */
  const own = new Set();
  const {workspace, agent} = state.session;
  const here = createHere({channel: new BroadcastChannel(`pasokh-desk/${workspace}/${agent}/here`), tab: crypto.randomUUID(), now: () => Date.now()});
  const sounds = createSounds({
    open: () => new AudioContext(),
    onChange: () => update(() => {}),
    lock: (work) => (navigator.locks ? navigator.locks.request('pasokh-desk/sound', work) : work()),
  });
  const notifications = createNotifications({open: (id) => actions.open(id), icon: '/desk/icon-192.png'});
  const offers = createOffers({state, update, api, say, actions, own});
  const presence = createPresence({state, update, api, say, actions});
  const badge = (count) => (count ? navigator.setAppBadge?.(count) : navigator.clearAppBadge?.())?.catch?.(() => {});
  state.set = (name, value) => actions.set(name, value);
  const notify = createNotify({state, update, say, sounds, here, notifications, own, badge});
  let leads = false;

  let push = null;
  let settings = null;
  /** Notifications that are pushed, and what is set about them: for who uses them, or looks at the settings. */
  const loadDevice = later(async () => {
    const [{createPush}, module] = await Promise.all([import('./push.js'), import('./settings.js'), addPart((name) => import(`./words/device/${name}.js`))]);
    push = createPush({api, language, storage: localStorage, update});
    const {actions: more, loadSessions: load} = module.createAttentionSettings({state, update, api, say, notifications, push, actions});
    Object.assign(actions, more);
    settings = (shown, does) => module.attentionSettings(shown, does, {notifications, push, load});
    void push.begin();
    update(() => {});
  });

  /** The section of the settings. */
  function settingsRegion(shown, does) {
    if (settings) return settings(shown, does);
    loadDevice();
    return html`<p class="quiet" aria-busy="true">${text('loading')}</p>`;
  }

  // -- where this tab is ------------------------------------------------------------------------------------------------

  const telling = createTelling({
    send: (conversation, body, leaving) => api.request('POST', `/conversations/${encodeURIComponent(conversation)}/signal`, {body, keepalive: leaving}),
    now: () => Date.now(),
    after: (work, ms) => setTimeout(work, ms),
    cancel: (timer) => clearTimeout(timer),
  });

  function place() {
    const focused = !document.hidden && document.hasFocus() && !state.signIn;
    const conversation = focused && state.place !== 'team' ? state.open : null;
    return {conversation, typing: telling.told.conversation === conversation ? telling.told.typing : null, focused, visible: !document.hidden};
  }

  let placed = '';
  function move(always = false) {
    const now = place();
    const words = JSON.stringify([now.conversation, now.typing, now.focused, now.visible]);
    if (!always && words === placed) return;
    placed = words;
    here.set(now);
    telling.look(now.conversation);
  }

  function typed(event) {
    const field = event.target;
    if (!field.matches?.('textarea[data-draft]')) return;
    const kind = field.dataset.draft.split('|')[1];
    if (field.value.trim()) telling.typed(kind === 'note' ? 'note' : 'reply');
    else telling.finished();
    move();
  }

  function touch() {
    if (sounds.state === 'blocked' && state.settings.sound !== 'off') sounds.unlock();
  }

  function listen() {
    for (const name of ['pointerdown', 'keydown']) addEventListener(name, touch, {capture: true, passive: true});
    addEventListener('input', typed, {capture: true});
    addEventListener('pointerdown', ({target}) => {
      if (state.presenceOpen && !target.closest?.('.presence')) update(() => {
        state.presenceOpen = false;
      });
    });
    for (const name of ['focus', 'blur', 'pageshow']) addEventListener(name, () => move());
    document.addEventListener('visibilitychange', () => move());
    addEventListener('pagehide', () => {
      telling.look(null, true);
      here.leave();
    });
    addEventListener('keydown', (event) => {
      if (event.key !== 'F6' || event.ctrlKey || event.altKey || event.metaKey) return;
      const accept = document.querySelector('[data-offer]');
      if (!accept) return;
      event.preventDefault();
      accept.focus();
    });
    navigator.serviceWorker?.addEventListener('message', ({data}) => {
      if (data?.open) actions.open(data.open);
    });
  }

  // -- the parts of the page ------------------------------------------------------------------------------------------------

  for (const name of ['claim', 'takeOver', 'reopen']) {
    const before = actions[name];
    actions[name] = (id, ...rest) => {
      own.add(id);
      return before(id, ...rest);
    };
  }
  Object.assign(actions, offers.actions, presence.actions, notify.actions);
  dialogs.go = goDialog;
  parts.top.push(presenceRegion, (shown, does) => bellRegion(shown, does, sounds));
  parts.above.push(presenceBanner, offersRegion);
  parts.me.push(settingsRegion);
  listen();
  sounds.unlock();
  if (globalThis.Notification?.permission === 'granted') loadDevice();
  setInterval(() => {
    notify.tick(leads);
    offers.tick();
  }, TICK_MS);
  update(() => {});

  return {
    /** An event of the stream, after the page took it in. */
    heard(event) {
      leads = event.leads;
      if (event.type === 'beat') move(true);
      if (event.type === 'offer') offers.made(event.data);
      if (event.type === 'offer_ended') offers.over(event.data);
      notify.heard(event);
    },
    /** What the page says of itself when it answers a beat. */
    beatBody: () => here.beat({push: Boolean(push?.isOn) && isTelephone()}),
    /** After each drawing of the page. */
    drawn() {
      move();
      notify.drawn();
    },
  };
}
