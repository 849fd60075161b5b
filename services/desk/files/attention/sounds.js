// Sounds, made by the browser itself: no file. Browsers are silent until the page was touched; then one tab sounds.

/** Notes of a sound: hertz, when it begins and how long it lasts, in seconds. */
const TUNES = {
  offer: [[880, 0, 0.14], [1175, 0.16, 0.14], [880, 0.32, 0.2]],
  soft: [[660, 0, 0.12], [880, 0.13, 0.18]],
};
const LOUD = 0.16;

/**
 * @param {{open: () => AudioContext, onChange: () => void, lock: Function}} browser `lock(work)` runs `work` when no other tab has it
 */
export function createSounds({open, onChange, lock}) {
  let context = null;
  let ours = false;
  let playing = [];

  const isReady = () => context?.state === 'running';

  /** Try to be heard: works once somebody has touched the page. */
  async function unlock() {
    try {
      context ??= open();
      // Where nobody touched the page yet, this promise waits for that.
      if (context.state === 'suspended') await Promise.race([context.resume(), new Promise((done) => setTimeout(done, 300))]);
    } catch {
      return false;
    }
    if (isReady() && !ours) {
      lock(() => {
        ours = true;
        onChange();
        return new Promise(() => {});
      });
    }
    onChange();
    return isReady();
  }

  function stop() {
    for (const one of playing) one.stop();
    playing = [];
  }

  function play(tune) {
    if (!isReady()) return false;
    stop();
    for (const [hertz, begins, lasts] of TUNES[tune]) {
      const note = context.createOscillator();
      const volume = context.createGain();
      const at = context.currentTime + begins;
      note.frequency.value = hertz;
      volume.gain.setValueAtTime(0, at);
      volume.gain.linearRampToValueAtTime(LOUD, at + 0.02);
      volume.gain.linearRampToValueAtTime(0, at + lasts);
      note.connect(volume).connect(context.destination);
      note.start(at);
      note.stop(at + lasts + 0.02);
      playing.push(note);
    }
    return true;
  }

  return {
    unlock,
    play,
    stop,
    /** Whether this tab is the one that sounds. */
    get ours() {
      return ours && isReady();
    },
    /** `ready`, or `blocked` until somebody touches the page. */
    get state() {
      return isReady() ? 'ready' : 'blocked';
    },
  };
}
