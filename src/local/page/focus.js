const wordsOf = (each) => `${each.tagName} ${each.getAttribute('aria-label') ?? each.textContent}`;

/** Puts the focus where it was before its surroundings were drawn anew: on what has the same words, else on the whole. */
export function focusLike(was, before, after) {
  const same = [...after.querySelectorAll('button, a, input, summary')].find((each) => wordsOf(each) === wordsOf(was));
  (was === before ? after : (same ?? after)).focus({ preventScroll: true });
}

/**
 * Remembers what has the focus, for a dialog to give it back: to the same thing, to what took its place when its message was drawn
 * anew, or to its message.
 * @returns {() => boolean} false where all of that is gone
 */
export function keepFocus(from = document.activeElement) {
  const message = from?.closest?.('.message') ?? null;
  return () => {
    if (from === null || from === document.body) return false;
    if (from.isConnected) {
      from.focus({ preventScroll: true });
      return true;
    }
    const now = message === null ? null : document.getElementById(message.id);
    if (now === null) return false;
    focusLike(from, message, now);
    return true;
  };
}
