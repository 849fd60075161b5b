// What an opened conversation needs, and nothing before it: its head, its thread, its panel, and the dialogs of what is done with it.

import {DIALOGS as DECIDING} from './customer/deciding.js';
import {DIALOGS as TIMELINE} from './customer/timeline.js';
import {DIALOGS as DOINGS} from './doings.js';

export {headerRegion} from './header.js';
export {panelRegion} from './panel.js';
export {createReading} from './reading.js';
export {settleThread, threadAnchor, threadRegion} from './thread.js';
export {whoRegion} from './attention/signals.js';

/** Name → its title and what is in it. */
export const DIALOGS = {...DOINGS, ...DECIDING, ...TIMELINE};
