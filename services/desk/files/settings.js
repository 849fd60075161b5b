// What an agent has set on this device, and how the page looks by it.

import {chooseLanguage, direction, language, setLanguage, text} from './words.js';

const KEY = 'pasokh-desk-settings';

/** @param {{state: object, update: Function, storage: Storage}} page */
export function createSettings({state, update, storage}) {
  const read = () => {
    try {
      return JSON.parse(storage.getItem(KEY)) ?? {};
    } catch {
      return {};
    }
  };

  function apply() {
    const {documentElement: page} = document;
    page.lang = language();
    page.dir = direction();
    page.dataset.theme = state.settings.theme ?? 'auto';
    page.dataset.density = state.settings.density ?? 'normal';
    document.title = `${text('desk')}${state.session ? ` · ${state.session.workspace}` : ''}`;
  }

  function set(name, value) {
    update(() => {
      state.settings = {...state.settings, [name]: value};
    });
    const {snoozed_at: _, ...kept} = state.settings;
    // Private windows may have no place to keep it.
    try {
      storage.setItem(KEY, JSON.stringify(kept));
    } catch {
      // It holds as long as the page is open.
    }
    apply();
  }

  async function speak(tag) {
    await setLanguage(tag);
    update(() => {
      state.language = tag;
    });
    set('language', tag);
  }

  return {
    language: () => read().language ?? chooseLanguage(navigator.languages ?? [navigator.language]),
    async load() {
      update(() => Object.assign(state, {settings: read(), language: language()}));
      apply();
    },
    speak,
    actions: {set},
    /** The worker that has the page's files ready. Browsers without one do well without. */
    registerWorker() {
      if (!navigator.serviceWorker) return;
      const policy = globalThis.trustedTypes?.createPolicy('desk-worker', {createScriptURL: () => '/desk/sw.js'});
      const address = policy ? policy.createScriptURL('') : '/desk/sw.js';
      navigator.serviceWorker.register(address, {scope: '/desk', updateViaCache: 'none'}).catch(() => {});
    },
  };
}
