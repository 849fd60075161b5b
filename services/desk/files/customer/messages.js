// Reads the messages of a customer on all channels, page by page, into the data of the dialog that shows them.

import {text} from '../words.js';

const PAGE = 30;
/** An agent may see few of a customer's messages: so many pages without any are read before they are asked whether to go on. */
const EMPTY_PAGES = 5;

/** Open the timeline of the customer of a conversation. */
export function openTimeline(state, actions, id) {
  const {customer} = state.threads.get(id);
  const data = {id, customer: customer.id, since: customer.updated_at, items: [], next: null, ended: false, reading: false, problem: null};
  actions.dialog('timeline', data);
  return readOn(actions, data);
}

/** Read the next page, and those behind it as long as they bring nothing. */
export async function readOn(actions, data) {
  if (data.reading || data.ended) return;
  const change = (given) => actions.update(() => Object.assign(data, given));
  change({reading: true, problem: null});
  for (let pages = 0; pages < EMPTY_PAGES; pages += 1) {
    const mark = data.next ? `&cursor=${encodeURIComponent(data.next)}` : '';
    const answer = await actions.request('GET', `/customers/${encodeURIComponent(data.customer)}/timeline?limit=${PAGE}${mark}`);
    if (!answer.ok) {
      change({reading: false, problem: answer.status === 0 ? text('not_reached') : text('timeline_changed')});
      return;
    }
    const {items, next} = answer.body;
    change({items: [...data.items, ...items], next, ended: !next});
    if (items.length || !next) break;
  }
  change({reading: false});
}

/** Messages with a heading before the first of each day. */
export function itemsOf(messages) {
  const items = [];
  let day = null;
  for (const message of messages) {
    const this_day = new Date(message.received_at).toDateString();
    if (this_day !== day) items.push({key: `d${this_day}`, at: message.received_at, message: null});
    day = this_day;
    items.push({key: message.id, at: message.received_at, message});
  }
  return items;
}
