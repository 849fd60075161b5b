// What an agent sets about sounds and notifications on this device, and where they are signed in.

import {html, nothing} from '../vendor/lit-html/lit-html.js';
import {button} from '../parts.js';
import {shortTime, text} from '../words.js';
import {deviceName} from './reckoning.js';

const SESSIONS = '/v1/desk/sessions';
/** @param {{state: object, update: Function, api: object, say: Function, notifications: object, push: object}} page */
export function createAttentionSettings({state, update, api, say, notifications, push, actions}) {
  return {
    async loadSessions() {
      const found = await api.items(SESSIONS, {pages: 2});
      update(() => {
        state.sessions = found;
      });
    },
    actions: {
      async allowNotifications(event) {
        if (!event.target.checked) {
          actions.set('notifications', 'off');
          await push.off();
          return;
        }
        const answer = await notifications.ask();
        actions.set('notifications', answer === 'granted' ? 'on' : 'off');
        if (answer !== 'granted') {
          event.target.checked = false;
          say(text(answer === 'unsupported' ? 'notifications_unsupported' : 'notifications_denied'), {kind: 'warm'});
        }
        update(() => {});
      },
      async allowPush(event) {
        const {checked} = event.target;
        const problem = checked ? await push.on() : await push.off();
        if (problem) {
          event.target.checked = false;
          say(text(`push_${problem}`), {kind: 'warm'});
        }
        update(() => {});
      },
      async endSession(id) {
        const answer = await api.request('DELETE', `${SESSIONS}/${encodeURIComponent(id)}`);
        if (!answer.ok) say(answer.body?.detail ?? text('not_reached'), {kind: 'warm'});
        update(() => {
          if (answer.ok) state.sessions = state.sessions.filter((session) => session.id !== id);
        });
      },
    },
  };
}

function sessionLine(session, state, actions) {
  return html`<li><span><b><bdi dir="ltr">${deviceName(session.device || '')}</bdi></b> <span class="quiet small">${text('session_used', {time: shortTime(session.used_at, state.now())})}</span></span>
    ${session.current ? html`<span class="tag">${text('session_this')}</span>` : button(text('session_end'), () => actions.endSession(session.id))}</li>`;
}

/** The section of the settings. */
export function attentionSettings(state, actions, {notifications, push, load}) {
  if (state.sessions === undefined) {
    state.sessions = null;
    queueMicrotask(load);
  }
  const denied = notifications.permission === 'denied';
  return html`
    <fieldset><legend>${text('alerts')}</legend>
      <label class="check"><input type="checkbox" id="set-sound" .checked=${state.settings.sound !== 'off'} @change=${(event) => actions.set('sound', event.target.checked ? 'on' : 'off')}> ${text('set_sound')}</label>
      <div class="buttons">${button(text('sound_test'), actions.testSound, {id: 'sound-test'})}</div>
      <label class="check"><input type="checkbox" id="set-notifications" .checked=${state.settings.notifications === 'on' && notifications.permission === 'granted'} ?disabled=${denied} @change=${actions.allowNotifications}> ${text('set_notifications')}</label>
      <p class="quiet small">${text(denied ? 'notifications_denied' : 'set_notifications_why')}</p>
      ${push.isPossible ? html`<label class="check"><input type="checkbox" id="set-push" .checked=${push.isOn} ?disabled=${denied} @change=${actions.allowPush}> ${text('set_push')}</label><p class="quiet small">${text('set_push_why')}</p>` : html`<p class="quiet small">${text(push.whyNot)}</p>`}
    </fieldset>
    <fieldset><legend>${text('sessions')}</legend>
      ${state.sessions ? html`<ul class="plain-list sessions">${state.sessions.map((session) => sessionLine(session, state, actions))}</ul>` : html`<p class="quiet">${state.sessions === null ? text('loading') : nothing}</p>`}
    </fieldset>`;
}
