// The files of drafts: chosen, uploaded, shown, taken away.

import {Uploads, xhrTransport} from './attachments.js';
import {draftKey} from './drafts.js';
import {language} from '../words.js';

/** @param {{writing: object, drafts: () => object, edit: Function, first: Function}} page `address()` is where files go */
export function createFiles({writing, drafts, edit, first, address, redraw, onUnauthorized}) {
  /** What a draft that begins with files is fixed to, by its key: that of when they were chosen. */
  const firsts = new Map();
  const previews = new Map();
  const uploads = new Uploads({transport: xhrTransport({address, language, onUnauthorized}), arrived, changed: redraw});

  function addFiles(id, kind, files) {
    if (!files.length) return;
    const key = draftKey(id, kind);
    writing.kinds.set(id, kind);
    firsts.set(key, first(id, kind));
    uploads.add(key, [...files]);
  }

  function arrived(key, files) {
    const [id, kind] = key.split('|');
    for (const {id: name, file} of files) if (file.type.startsWith('image/')) previews.set(name, URL.createObjectURL(file));
    const kept = files.map(({id: name, name: title, media_type, size_bytes}) => ({id: name, name: title, media_type, size_bytes, uploaded_at: Date.now()}));
    drafts().edit(id, kind, {files: [...(drafts().get(id, kind)?.files ?? []), ...kept]}, () => firsts.get(key));
  }

  function removeFile(id, kind, file) {
    forgetPreviews([file]);
    edit(id, kind, {files: drafts().get(id, kind).files.filter((one) => one.id !== file.id)});
  }

  function forgetPreviews(files) {
    for (const {id} of files) {
      if (previews.has(id)) URL.revokeObjectURL(previews.get(id));
      previews.delete(id);
    }
  }

  return {
    addFiles, removeFile, forgetPreviews,
    uploads: (id, kind) => uploads.of(draftKey(id, kind)),
    removeUpload: (number) => uploads.remove(number),
    uploadAgain: (number) => uploads.again(number),
    previewOf: (file) => previews.get(file.id) ?? null,
  };
}
