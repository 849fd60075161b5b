// Keeps the end of the thread in view, where it is in view, when composer or keyboard take room from it.

const NEAR = 48;

/** A function that is called with the element that scrolls, after each drawing. */
export function createEndKeeper() {
  let element = null;
  let atEnd = true;
  const look = () => {
    atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR;
  };
  const observer = new ResizeObserver(() => {
    if (atEnd) element.scrollTop = element.scrollHeight;
    else look();
  });
  return (next) => {
    if (next === element) return;
    observer.disconnect();
    element?.removeEventListener('scroll', look);
    element = next;
    if (!next) return;
    next.addEventListener('scroll', look, {passive: true});
    observer.observe(next);
    look();
  };
}
