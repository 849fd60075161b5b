import assert from 'node:assert/strict';
import {test} from 'node:test';

import {Uploads, disposition, isExpired, isPicture} from '../../../services/desk/files/writing/attachments.js';
import {settled} from './writing.js';

const file = (name) => ({name});

/** Uploads whose ends the test decides. */
function opened() {
  const open = new Map();
  const got = [];
  const transport = (one, {onProgress, signal}) =>
    new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('aborted')));
      open.set(one.name, {resolve, reject, onProgress, signal});
    });
  const uploads = new Uploads({transport, arrived: (key, files) => got.push([key, files.map((one) => one.id)])});
  const end = (name, answer = {status: 201, body: {id: `id of ${name}`, name}}) => open.get(name).resolve(answer);
  return {uploads, open, got, end};
}

test('files arrive in the order in which they were chosen, whichever is faster', async () => {
  const {uploads, got, end} = opened();
  uploads.add('c1|reply', ['a', 'b', 'c'].map(file));
  end('c');
  end('b');
  await settled();
  assert.deepEqual([got, uploads.isBusy('c1|reply')], [[], true]);
  end('a');
  await settled();
  assert.deepEqual(got, [['c1|reply', ['id of a', 'id of b', 'id of c']]]);
  assert.deepEqual([uploads.isBusy('c1|reply'), uploads.of('c1|reply')], [false, []]);
});

test('a file goes to the draft for which it was chosen', async () => {
  const {uploads, got, end} = opened();
  uploads.add('c1|note', [file('a')]);
  uploads.add('c2|reply', [file('b')]);
  end('b');
  end('a');
  await settled();
  assert.deepEqual(got.sort(), [['c1|note', ['id of a']], ['c2|reply', ['id of b']]]);
});

test('a file that is taken away stops, holds nobody back and arrives nowhere', async () => {
  const {uploads, open, got, end} = opened();
  uploads.add('k', [file('a'), file('b')]);
  end('b');
  await settled();
  uploads.remove(uploads.of('k')[0].number);
  await settled();
  assert.equal(open.get('a').signal.aborted, true);
  assert.deepEqual([got, uploads.of('k')], [[['k', ['id of b']]], []]);
});

test('what fails says why, holds nobody back, and can be tried again', async () => {
  const {uploads, got, end} = opened();
  uploads.add('k', [file('a'), file('b')]);
  end('a', {status: 413, body: {detail: 'A file has at most 100 MB here.'}});
  end('b');
  await settled();
  assert.deepEqual(got, [['k', ['id of b']]]);
  const [failed] = uploads.of('k');
  assert.deepEqual(failed.problem, {status: 413, detail: 'A file has at most 100 MB here.'});
  assert.equal(uploads.isBusy('k'), false);
  uploads.again(failed.number);
  end('a');
  await settled();
  assert.deepEqual(got.at(-1), ['k', ['id of a']]);
});

test('how much has gone is known', () => {
  const {uploads, open} = opened();
  uploads.add('k', [file('a')]);
  open.get('a').onProgress(512);
  assert.equal(uploads.of('k')[0].sent, 512);
});

test('names of every script are in the header, and none can end it', () => {
  assert.equal(disposition('a b.png'), "attachment; filename*=UTF-8''a%20b.png");
  assert.equal(disposition('فاکتور.pdf'), "attachment; filename*=UTF-8''%D9%81%D8%A7%DA%A9%D8%AA%D9%88%D8%B1.pdf");
  assert.match(disposition('a"\r\nX: y\'(1)*!.png'), /^attachment; filename\*=UTF-8''[\w%.-]+$/);
});

test('a file is usable for 23 hours', () => {
  const hour = 3600_000;
  assert.equal(isExpired({uploaded_at: 0}, 23 * hour), false);
  assert.equal(isExpired({uploaded_at: 0}, 23 * hour + 1), true);
});

test('pictures that browsers show are shown; svg is none', () => {
  assert.deepEqual(['image/png', 'image/avif', 'image/svg+xml', 'text/html'].map(isPicture), [true, true, false, false]);
});
