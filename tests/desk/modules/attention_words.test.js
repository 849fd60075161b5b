// The words of offers, presence, alerts and settings.

import {testWords} from './words_of_parts.js';

await testWords('attention', ['attention/words', 'attention/words/device']);
