// How an account is named, and the state it is in.

import { code, h, name } from "./elements.js";
import { word } from "./words.js";

const FAILING_STATES = ["credentials", "webhook", "forged"];

export const accountName = (channel, id, called) =>
  h("span", { class: "customer" }, name(called, id), h("span", { class: "quiet" }, code(`${channel}/${id}`)));

export function healthBadge({ state }) {
  const tone = FAILING_STATES.includes(state) ? "urgent" : ["paused", "incomplete", "silent"].includes(state) ? "high" : "";
  return h("span", { class: `badge ${tone}` }, word(`health_${state}`));
}
