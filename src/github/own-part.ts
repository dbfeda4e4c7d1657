const start = '<!-- errand:start -->';
const end = '<!-- errand:end -->';

/** Puts Errand's newer part in the place of its older one, and leaves what people wrote around it; all of `next` where there is no such place. */
export function spliced(current: string | null, next: string): string {
  const [from, to] = partOf(current ?? '');
  const [newFrom, newTo] = partOf(next);
  if (current === null || from === -1 || newFrom === -1) return next;
  return current.slice(0, from) + next.slice(newFrom, newTo) + current.slice(to);
}

function partOf(text: string): readonly [number, number] {
  const from = text.indexOf(start);
  const last = text.lastIndexOf(end);
  return from === -1 || last < from ? [-1, -1] : [from, last + end.length];
}
