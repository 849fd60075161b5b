// Notifications of the system, by the page's worker where there is one, since telephones know no others.

/** What of the browser it needs. */
export const BROWSER = {
  permission: () => globalThis.Notification?.permission ?? 'unsupported',
  ask: () => Notification.requestPermission(),
  worker: async () => (navigator.serviceWorker ? navigator.serviceWorker.getRegistration('/desk') : undefined),
  plain: (title, options) => new Notification(title, options),
};

/** @param {{open: (conversation: string) => void, icon: string}} page */
export function createNotifications({open, icon}, browser = BROWSER) {
  const plain = new Map();
  return {
    get permission() {
      return browser.permission();
    },
    /** Ask, on a click that says what for. */
    ask: async () => (browser.permission() === 'unsupported' ? 'unsupported' : browser.ask()),
    async show({title, body, conversation, offer}) {
      if (browser.permission() !== 'granted') return;
      // The page itself sounds, where it is allowed to: the system need not do it as well.
      const options = {body, icon, badge: icon, tag: conversation, renotify: true, silent: false, requireInteraction: offer, data: {url: `/desk/c/${encodeURIComponent(conversation)}`}};
      const worker = await browser.worker().catch(() => undefined);
      if (worker?.active) {
        await worker.showNotification(title, options);
        return;
      }
      const one = browser.plain(title, options);
      plain.set(conversation, one);
      one.onclick = () => {
        globalThis.focus?.();
        open(conversation);
        one.close();
      };
    },
    async close(conversation) {
      plain.get(conversation)?.close();
      plain.delete(conversation);
      const worker = await browser.worker().catch(() => undefined);
      for (const one of (await worker?.getNotifications?.({tag: conversation})) ?? []) one.close();
    },
  };
}
