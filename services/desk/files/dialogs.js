// Dialogs: the element `dialog` of the browser, which keeps the focus inside and gives it back.

import {html, nothing} from './vendor/lit-html/lit-html.js';
import {ref} from './vendor/lit-html/directives/ref.js';
import {text} from './words.js';

// A template is filled before it stands in the page.
const shown = (element) => queueMicrotask(() => {
  if (element?.isConnected && !element.open) element.showModal();
});

/**
 * A dialog that is open as long as it is rendered. `onClose` null: it stays until it is answered.
 * @param {{name: string, label: string, body: unknown, onClose: (() => void) | null, wide?: boolean}} options
 */
export function modal({name, label, body, onClose, wide = false}) {
  const cancelled = (event) => {
    event.preventDefault();
    onClose?.();
  };
  const outside = (event) => {
    if (event.target === event.currentTarget) onClose?.();
  };
  return html`<dialog ${ref(shown)} class=${wide ? 'wide' : ''} id="dialog-${name}" aria-labelledby="dialog-${name}-title" @cancel=${cancelled} @pointerdown=${outside}>
    <div class="dialog">
      <div class="titled"><h2 id="dialog-${name}-title">${label}</h2>
        ${onClose ? html`<button type="button" class="plain icon" aria-label=${text('close')} @click=${onClose}>✕</button>` : nothing}</div>
      ${body}
    </div>
  </dialog>`;
}
