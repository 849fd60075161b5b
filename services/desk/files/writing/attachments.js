// Files of a draft on their way to the server. Those that have arrived are in the draft (`{id, name, media_type, size_bytes,
// uploaded_at}`); those on their way are here, for as long as the page lives.

/** A file that no message names is deleted by the server after a day; an hour before, it counts as gone. */
export const USABLE_MS = 23 * 3600 * 1000;
export const MOST_FILES = 10;
const PICTURE = /^image\/(?:png|jpeg|gif|webp|avif)$/;

export const isExpired = (file, now) => now - file.uploaded_at > USABLE_MS;
export const isPicture = (type) => PICTURE.test(type);

/** The header by which the server learns a file's name, in every script (RFC 8187). */
export function disposition(name) {
  const encoded = encodeURIComponent(name).replace(/['()*!]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  return `attachment; filename*=UTF-8''${encoded}`;
}

/**
 * The uploads of a page. `transport(file, {onProgress, signal})` is `{status, body}`; `arrived(key, files)` gets what has
 * arrived of a draft, in the order in which the files were chosen; `changed()` is called for each step.
 */
export class Uploads {
  #uploads = new Map();
  #transport;
  #arrived;
  #changed;
  #next = 1;

  constructor({transport, arrived, changed = () => {}}) {
    [this.#transport, this.#arrived, this.#changed] = [transport, arrived, changed];
  }

  /** What is on its way for a draft, or did not arrive: `{number, file, sent, problem, preview}`. */
  of = (key) => [...this.#uploads.values()].filter((one) => one.key === key);
  isBusy = (key) => this.of(key).some((one) => one.problem === null);

  /** Begin to upload files for a draft, all at once. */
  add(key, files) {
    for (const file of files) {
      const upload = {number: this.#next++, key, file, sent: 0, problem: null, done: null, abort: new AbortController()};
      this.#uploads.set(upload.number, upload);
      void this.#run(upload);
    }
    this.#changed();
  }

  again(number) {
    const upload = this.#uploads.get(number);
    if (!upload?.problem) return;
    Object.assign(upload, {problem: null, sent: 0, abort: new AbortController()});
    void this.#run(upload);
    this.#changed();
  }

  remove(number) {
    const upload = this.#uploads.get(number);
    if (!upload) return;
    this.#uploads.delete(number);
    upload.abort.abort();
    this.#deliver(upload.key);
    this.#changed();
  }

  async #run(upload) {
    const {file, abort} = upload;
    const onProgress = (sent) => {
      upload.sent = sent;
      this.#changed();
    };
    let answer;
    try {
      answer = await this.#transport(file, {onProgress, signal: abort.signal});
    } catch {
      answer = {status: 0, body: null};
    }
    if (abort.signal.aborted) return;
    if (answer.status === 201) upload.done = answer.body;
    else upload.problem = {status: answer.status, detail: answer.body?.detail ?? null};
    this.#deliver(upload.key);
    this.#changed();
  }

  /** Hand over what has arrived, but nothing before a file that was chosen earlier and is still on its way. */
  #deliver(key) {
    const ready = [];
    for (const upload of this.of(key)) {
      if (upload.problem) continue;
      if (upload.done === null) break;
      this.#uploads.delete(upload.number);
      ready.push(upload);
    }
    if (ready.length) this.#arrived(key, ready.map(({done, file}) => ({...done, name: done.name ?? file.name, file})));
  }
}

/** Uploads by XMLHttpRequest, which alone tells how much has gone. */
export function xhrTransport({address, language, onUnauthorized}) {
  return function send(file, {onProgress, signal}) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open('POST', address());
      const headers = {
        Accept: 'application/json',
        'Accept-Language': language(),
        'Content-Type': 'application/octet-stream',
        'Content-Disposition': disposition(file.name),
        'Pasokh-Desk': '1',
      };
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      request.responseType = 'json';
      request.upload.onprogress = (event) => onProgress(event.loaded);
      request.onload = async () => {
        if (request.status !== 401) return resolve({status: request.status, body: request.response});
        const isBack = await onUnauthorized();
        resolve(isBack ? send(file, {onProgress, signal}) : {status: 401, body: request.response});
      };
      request.onerror = request.ontimeout = () => resolve({status: 0, body: null});
      request.onabort = () => reject(new DOMException('removed', 'AbortError'));
      signal.addEventListener('abort', () => request.abort());
      request.send(file);
    });
  };
}
