/** What stands in a template where Errand's part is to go. */
const place = /<!--\s*errand\s*-->/i;
const describing = /^#{1,6}\s+\W*(?:what|description|summary|changes?|overview|about|proposed changes?|details)\b.*$/im;
const maxFrameChars = 16_000;

/** Around Errand's own part of a description: what stands outside belongs to people and is left as they edit it. */
export const ownPart = { start: '<!-- errand:start -->', end: '<!-- errand:end -->' } as const;

/**
 * Errand's part within a repository's own template: where that says `<!-- errand -->`, else under its first heading that asks for a
 * description, else before it. The template stays what its authors made it, except that it mentions nobody and closes nothing; what
 * could hide Errand's part (HTML, a fence) never stands before it.
 */
export function framed(part: string, template: string | null): string {
  const own = `${ownPart.start}\n\n${part}\n\n${ownPart.end}`;
  if (template === null) return own;
  const text = inert(template.slice(0, maxFrameChars));
  const spot = place.exec(text) ?? describing.exec(text);
  const before = spot === null ? '' : text.slice(0, spot.index + (place.test(spot[0]) ? 0 : spot[0].length));
  const after = text.slice(before.length).replace(place, '').trim();
  // A comment that never ends, a tag or a fence before it could swallow all that follows.
  const hides = /<|```|~~~/.test(before.replaceAll(/<!--[\s\S]*?-->/g, ''));
  const [head, tail] = hides ? ['', text.replace(place, '').trim()] : [before.trim(), after];
  return [head, own, tail].filter((each) => each !== '').join('\n\n');
}

/** Mentions and closing keywords of a template are meant for whoever fills it in by hand. */
function inert(text: string): string {
  return text
    .replaceAll(/[^\P{C}\n\t]/gu, '')
    .replace(/@(?=[a-z\d])/gi, '@\u200b')
    .replace(/\b(close[sd]?|fix(?:e[sd])?|resolve[sd]?)(:?\s+[\w./-]*)#(?=\d)/gi, '$1$2#\u200b')
    .replace(/\b(close[sd]?|fix(?:e[sd])?|resolve[sd]?)(:?\s+https?:\/\/\S*\/(?:issues|pull)\/)(?=\d)/gi, '$1$2\u200b');
}
