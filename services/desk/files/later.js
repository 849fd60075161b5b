// Loads a part of the page when something needs it: once, and for as long as it takes.

const AGAIN_MS = 5000;

/** A function that does `load` at its first call, anew where that fails; each call has the promise of what it brought. */
export function later(load) {
  let loading = null;
  async function untilLoaded() {
    for (;;) {
      try {
        return await load();
      } catch (error) {
        console.error(error);
        await new Promise((done) => setTimeout(done, AGAIN_MS));
      }
    }
  }
  return () => (loading ??= untilLoaded());
}

/** Add a style sheet. One that comes `first` gives way to all others, in whatever order they are loaded. */
export function addStyle(href, {first = false} = {}) {
  const link = Object.assign(document.createElement('link'), {rel: 'stylesheet', href});
  if (first) document.head.prepend(link);
  else document.head.append(link);
  return new Promise((done) => {
    link.onload = link.onerror = done;
  });
}
