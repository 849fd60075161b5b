// What an opened conversation needs, and nothing before it: its head, its thread, its panel, and the dialogs of what is done with it.

export {DIALOGS} from './doings.js';
export {headerRegion} from './header.js';
export {panelRegion} from './panel.js';
export {createReading} from './reading.js';
export {settleThread, threadAnchor, threadRegion} from './thread.js';
export {whoRegion} from './attention/signals.js';
