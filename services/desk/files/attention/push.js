// Web Push: notifications that reach this device while the page is closed. Asked for on a click alone; nothing depends on it.

const DEVICE = 'pasokh-desk-device';

const bytesOf = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (one) => one.charCodeAt(0));

/** The name of this device, kept in the browser. */
function deviceId(storage) {
  let id = storage.getItem(DEVICE);
  if (!id) {
    id = crypto.randomUUID();
    storage.setItem(DEVICE, id);
  }
  return id;
}

/** @param {{api: object, language: () => string, storage: Storage, update: Function}} page */
export function createPush({api, language, storage, update}) {
  let subscription = null;
  const possible = Boolean(globalThis.navigator?.serviceWorker && globalThis.PushManager && globalThis.Notification);
  // Telephones of Apple have it for pages on the home screen alone.
  const isApple = /iPhone|iPad/.test(globalThis.navigator?.userAgent ?? '');

  const worker = () => navigator.serviceWorker.getRegistration('/desk');
  const path = () => `/agents/me/push/${deviceId(storage)}`;

  async function register() {
    const {endpoint, keys} = subscription.toJSON();
    return api.request('PUT', path(), {body: {endpoint, keys, language: language()}});
  }

  return {
    isPossible: possible,
    whyNot: isApple ? 'push_home_screen' : 'push_unsupported',
    get isOn() {
      return Boolean(subscription);
    },
    /** What this device has subscribed to, said to the server again: keys and language may have changed. */
    async begin() {
      if (!possible || Notification.permission !== 'granted') return;
      const known = await worker().catch(() => undefined);
      subscription = (await known?.pushManager.getSubscription().catch(() => null)) ?? null;
      if (subscription) await register();
      update(() => {});
    },
    /** Subscribe. Returns why it did not work. */
    async on() {
      if ((await Notification.requestPermission()) !== 'granted') return 'denied';
      const known = await worker();
      const found = await api.request('GET', '/agents/me/push');
      if (!known || !found.ok) return 'failed';
      try {
        subscription = await known.pushManager.subscribe({userVisibleOnly: true, applicationServerKey: bytesOf(found.body.public_key)});
      } catch {
        // The push service of the browser cannot be reached from here: by its network, or by the policy of a country.
        return 'unreachable';
      }
      const answer = await register();
      return answer.ok ? null : 'failed';
    },
    async off() {
      await api.request('DELETE', path());
      await subscription?.unsubscribe().catch(() => false);
      subscription = null;
      return null;
    },
  };
}
