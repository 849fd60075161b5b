// Pieces of the pages of the set-up: health, links with their QR code, addresses to copy.

import {html, nothing, svg} from '../vendor/lit-html/lit-html.js';
import {clockTime, text} from '../words.js';

/** The state of an account, in words, and what to do about it. */
export const health = (one) => html`<p class="health ${one.state === 'ok' ? 'good' : 'bad'}"><span class="chip ${one.state === 'ok' ? 'good' : 'hot'}">${text(`health_${one.state}`)}</span>
  ${one.detail ? html` <span class="sentence" dir="auto">${one.detail}</span>` : nothing}
  ${one.last_webhook_at ? html` <span class="quiet small">${text('last_heard', {time: clockTime(one.last_webhook_at)})}</span>` : nothing}</p>`;

/** A text to copy: an address, a piece of a page. */
export const copyable = (words, label, actions, {rows = 1} = {}) => html`<div class="copyable"><span class="label">${label}</span>
  <div class="line">${rows > 1
    ? html`<textarea readonly rows=${rows} dir="ltr" aria-label=${label} .value=${words} @focus=${(event) => event.target.select()}></textarea>`
    : html`<input readonly type="text" dir="ltr" aria-label=${label} .value=${words} @focus=${(event) => event.target.select()}>`}
    <button type="button" @click=${() => actions.copy(words)}>${text('copy_it')}</button></div></div>`;

/** A QR code as a picture: one path of all its dark modules. */
export function qrPicture(rows, label) {
  const size = rows.length + 8;
  const path = rows.flatMap((row, y) => [...row].map((module, x) => (module === '1' ? `M${x + 4} ${y + 4}h1v1h-1z` : ''))).join('');
  return html`<svg class="qr" role="img" aria-label=${label} viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges">${svg`<rect width=${size} height=${size} fill="#fff"></rect><path d=${path} fill="#000"></path>`}</svg>`;
}

/** A sign-in link that was just made. */
export function linkCard(link, name, actions) {
  if (!link) return nothing;
  if (link.problem) return html`<p class="problem" role="alert">${text(`wrong_${link.problem}`)}</p>`;
  return html`<div class="card link-card"><p>${text('link_for', {name, time: clockTime(link.expires_at)})}</p>
    ${copyable(link.url, text('sign_in_link'), actions)}
    ${link.qr?.length ? qrPicture(link.qr, text('qr_of_link')) : nothing}
    <p class="quiet">${text('link_once')}</p></div>`;
}

/** What is to be pasted into the pages of the shop for a chat. */
export const chatSnippet = (workspace, account) =>
  `<script src="${location.origin}/webchat/pasokh-chat.js" async\n        data-workspace="${workspace}" data-account="${account}"></script>`;

/** Whether platforms cannot reach the address at which this page is open. */
export const isLocal = () => ['localhost', '127.0.0.1', '[::1]'].includes(location.hostname) || location.protocol !== 'https:';

/** Why something was not saved, and the way on. */
export function problemOf(editor, actions) {
  if (!editor.problem && editor.errors.size === 0) return nothing;
  const general = editor.errors.get('') ?? [];
  const kind = editor.problem ?? 'fields';
  return html`<div class="problem card" id="save-problem" role="alert" tabindex="-1"><p>${text(`save_${kind}`)}</p>
    ${editor.detail && ['failed', 'forbidden', 'busy'].includes(kind) ? html`<p class="sentence" dir="auto">${editor.detail}</p>` : nothing}
    ${general.map((one) => html`<p class="sentence" dir="auto">${one}</p>`)}
    ${kind === 'conflict' ? html`<div class="buttons"><button type="button" @click=${() => actions.go(editor.section, editor.id, {replace: true, sure: true})}>${text('take_theirs')}</button>
      <button type="button" class="danger" @click=${() => actions.save({force: true})}>${text('keep_mine')}</button></div>` : nothing}</div>`;
}

export const warningsOf = (warnings) => (warnings?.length
  ? html`<div class="card warm" role="status"><h3>${text('warnings')}</h3><ul>${warnings.map((one) => html`<li class="sentence" dir="auto">${one.detail}</li>`)}</ul></div>`
  : nothing);
