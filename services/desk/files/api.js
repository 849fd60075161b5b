// Requests to the REST API of the workspace.

const BASE = '/v1/workspaces/';
const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\b/;

/** What a request came to. `status` 0: the server was not reached. Rejects where the body of a good answer breaks off. */
async function readAnswer(answer) {
  const type = answer.headers.get('Content-Type') ?? '';
  const read = () => (answer.ok ? answer.json() : answer.json().catch(() => null));
  const body = JSON_TYPE.test(type) ? await read() : null;
  const retry = Number(answer.headers.get('Retry-After'));
  return {
    status: answer.status,
    ok: answer.ok,
    body,
    location: answer.headers.get('Location'),
    etag: answer.headers.get('ETag'),
    retryAfter: Number.isFinite(retry) ? retry : null,
  };
}

const UNREACHED = {status: 0, ok: false, body: null, location: null, etag: null, retryAfter: null};

/**
 * `workspace()` and `language()` are asked at each request. `onUnauthorized()` is called when nobody is signed in any more; the request
 * waits for its promise, and is made again if that is true.
 */
export function createApi({workspace, language, onUnauthorized, fetch = globalThis.fetch.bind(globalThis)}) {
  /**
   * `path` is below the workspace, or begins with `/v1/`. `key` is the Idempotency-Key of a POST. A `body` that is a Blob goes as it is.
   * Rejects only with AbortError, when `signal` says so.
   */
  async function request(method, path, {body, key, signal, headers = {}, keepalive = false, wait = null, again = true} = {}) {
    const url = path.startsWith('/v1/') ? path : `${BASE}${encodeURIComponent(workspace())}${path}`;
    const raw = typeof Blob !== 'undefined' && body instanceof Blob;
    const sent = {Accept: 'application/json', 'Accept-Language': language(), ...headers};
    if (method !== 'GET') sent['Pasokh-Desk'] = '1';
    if (body !== undefined) sent['Content-Type'] = raw ? 'application/octet-stream' : 'application/json';
    if (key) sent['Idempotency-Key'] = key;
    if (wait !== null) sent.Prefer = `wait=${wait}`;
    let answer;
    try {
      answer = await fetch(url, {
        method,
        headers: sent,
        body: body === undefined || raw ? body : JSON.stringify(body),
        signal,
        keepalive,
        credentials: 'same-origin',
        cache: 'no-store',
      });
    } catch (error) {
      if (error.name === 'AbortError') throw error;
      return UNREACHED;
    }
    if (answer.status === 401 && again && onUnauthorized && (await onUnauthorized())) {
      return request(method, path, {body, key, signal, headers, keepalive, wait, again: false});
    }
    return readAnswer(answer).catch(() => UNREACHED);
  }

  /** Every item of a list, of at most `pages` pages; null where they could not be read. */
  async function items(path, {pages = 10, ...options} = {}) {
    const found = [];
    let cursor = null;
    for (let page = 0; page < pages; page += 1) {
      const mark = cursor ? `&cursor=${encodeURIComponent(cursor)}` : '';
      const answer = await request('GET', `${path}${path.includes('?') ? '&' : '?'}limit=200${mark}`, options);
      if (!answer.ok) return page ? found : null;
      found.push(...answer.body.items);
      cursor = answer.body.next;
      if (!cursor) break;
    }
    return found;
  }

  return {request, items};
}
