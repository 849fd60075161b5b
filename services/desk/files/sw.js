// The worker of the desk: the page's own files are there without a network, and what it is pushed becomes a notification.

const CACHE = 'pasokh-desk-1';
const WAIT_MS = 3000;

const isShell = (url) => url.origin === location.origin && (url.pathname === '/desk' || url.pathname.startsWith('/desk/'));
/** All addresses of the page are one file. */
const keyOf = (url) => (/\.[a-z0-9]+$/i.test(url.pathname) ? url.pathname : '/desk');

async function fresh(request, key) {
  const answer = await fetch(request);
  if (answer.ok) {
    const cache = await caches.open(CACHE);
    await cache.put(key, answer.clone());
  }
  return answer;
}

/** The server's file, which is asked for each time; what was kept, where the server does not answer. */
async function shell(request, key) {
  const kept = await caches.match(key);
  if (!kept) return fresh(request, key);
  const late = new Promise((done) => {
    setTimeout(() => done(kept), WAIT_MS);
  });
  return Promise.race([fresh(request, key).catch(() => kept), late]);
}

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => {
  const clean = async () => {
    for (const name of await caches.keys()) if (name.startsWith('pasokh-desk-') && name !== CACHE) await caches.delete(name);
    await self.clients.claim();
  };
  event.waitUntil(clean());
});
self.addEventListener('fetch', (event) => {
  const {request} = event;
  const url = new URL(request.url);
  // Nothing of the API is kept: only files that everybody gets.
  if (request.method !== 'GET' || !isShell(url)) return;
  event.respondWith(shell(request, keyOf(url)));
});

// What is pushed is a notification in words already: with the name and the channel, and never what was written.
self.addEventListener('push', (event) => {
  const told = event.data?.json() ?? {};
  if (!told.title) return;
  const options = {body: told.channel, tag: told.conversation, renotify: true, icon: '/desk/icon-192.png', badge: '/desk/icon-192.png', requireInteraction: told.kind === 'offer', data: {url: told.url, conversation: told.conversation}};
  event.waitUntil(self.registration.showNotification(told.title, options));
});
self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  const {url, conversation} = event.notification.data ?? {};
  const go = async () => {
    const [page] = (await self.clients.matchAll({type: 'window', includeUncontrolled: true})).filter((client) => new URL(client.url).pathname.startsWith('/desk'));
    if (!page) return self.clients.openWindow(url ?? '/desk');
    await page.focus();
    return page.postMessage({open: conversation ?? url?.split('/').pop()});
  };
  event.waitUntil(go());
});
