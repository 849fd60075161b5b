// Calls a customer back: the agent's own telephone rings, and once it is taken the customer's. The stream tells what comes of it.

import {text} from './words.js';

/** Conversation → the key of a request whose answer never came: asked again under it, nothing rings twice. */
const unanswered = new Map();

export async function callBack(id, actions) {
  const key = unanswered.get(id) ?? crypto.randomUUID();
  unanswered.set(id, key);
  const answer = await actions.request('POST', `/conversations/${id}/call`, {body: {}, key});
  if (answer.status === 0) return actions.say(text('not_reached'), {kind: 'warm'});
  unanswered.delete(id);
  return answer.ok ? actions.say(text('calling_you')) : actions.say(answer.body?.detail ?? text('refused', {n: answer.status}), {kind: 'warm'});
}
