// When more of a list is read.

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {nearsEnd} from '../../../services/desk/files/reader.js';

test('more is read near the end, where there is nothing to scroll too, and not for a list that is not shown', () => {
  const cases = [
    [{clientHeight: 800, scrollHeight: 4200, scrollTop: 0}, false],
    [{clientHeight: 800, scrollHeight: 4200, scrollTop: 2200}, false],
    [{clientHeight: 800, scrollHeight: 4200, scrollTop: 2201}, true],
    [{clientHeight: 800, scrollHeight: 4200, scrollTop: 3400}, true],
    [{clientHeight: 800, scrollHeight: 800, scrollTop: 0}, true],
    [{clientHeight: 0, scrollHeight: 0, scrollTop: 0}, false],
  ];
  for (const [place, expected] of cases) assert.equal(nearsEnd(place), expected, JSON.stringify(place));
});
