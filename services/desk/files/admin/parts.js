// What single sections can do besides being read and written: a sign-in link, a case that is tried, a key, an account that is looked at again.

import {language, text} from '../words.js';
import {draftOf, problemsOf, valueOf} from './form_values.js';
import {formOf} from './forms.js';
import {TRIED} from './schemas.js';

const LOOKS = 8;
const LOOK_MS = 1500;
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

export function createParts({state, update, api, actions, sources}) {
  const form = formOf(TRIED);

  return {
    /** A link by which an agent signs in, once. */
    async makeLink(agent, scopes = ['desk']) {
      const answer = await api.request('POST', `/agents/${encodeURIComponent(agent)}/sign-in`, {body: {scopes}});
      update(() => {
        state.link = answer.ok ? {...answer.body, agent, scopes} : {problem: answer.status === 403 ? 'forbidden' : 'failed', agent};
      });
      if (answer.ok) actions.told(text('link_made'));
    },

    /** What the rules as they are stored would do with a case. */
    async tryCase() {
      const {draft} = state.more.tried;
      const answer = await api.request('POST', '/routing/explain', {body: valueOf(form, draft) ?? {}});
      update(() => {
        state.explained = answer.ok ? answer.body : {problem: answer.status === 404 || answer.status === 405 ? 'no_explain' : 'failed', detail: answer.body?.detail};
      });
    },
    triedForm: form,
    triedDraft() {
      state.more.tried ??= {draft: draftOf(form, undefined)};
      return state.more.tried.draft;
    },
    changeTried: (draft) => update(() => Object.assign(state.more.tried, {draft})),

    /** Create a key, and show its secret this once. */
    async createKey() {
      const {editor} = state;
      Object.assign(editor, {tried: true, problem: null, errors: new Map(problemsOf(editor.form, editor.draft).map(({pointer, code, params}) => [pointer, [text(`wrong_${code}`, params)]]))});
      if (editor.errors.size) return update(() => {});
      update(() => Object.assign(editor, {busy: true}));
      const answer = await api.request('POST', '/v1/keys', {body: {...valueOf(editor.form, editor.draft), workspace: state.session.workspace}, key: crypto.randomUUID()});
      update(() => {
        Object.assign(editor, {busy: false});
        if (answer.ok) Object.assign(state, {shownKey: answer.body, editor: null});
        else Object.assign(editor, {problem: 'failed', detail: answer.body?.detail ?? ''});
      });
      return undefined;
    },
    async revoke(id) {
      update(() => Object.assign(state, {dialog: null}));
      const answer = await api.request('DELETE', `/v1/keys/${encodeURIComponent(id)}`);
      actions.told(text(answer.ok ? 'deleted' : 'wrong_failed'));
      await actions.readList('keys');
    },

    /** Look at an account again, until the platform was asked: the installation asks within seconds after a change, then every minute. */
    async lookAgain() {
      const {editor} = state;
      const before = JSON.stringify(editor.view.health);
      update(() => Object.assign(editor, {looking: true}));
      for (let look = 0; look < LOOKS && state.editor === editor; look += 1) {
        const answer = await api.request('GET', `/accounts/${editor.view.channel}/${encodeURIComponent(editor.view.id)}`);
        if (answer.ok) update(() => Object.assign(editor.view, {health: answer.body.health}));
        if (answer.ok && JSON.stringify(answer.body.health) !== before) break;
        await pause(LOOK_MS);
      }
      update(() => Object.assign(editor, {looking: false}));
      actions.told(text(`health_${editor.view.health.state}`));
    },
    pageLanguage: language,
    sources,
  };
}
