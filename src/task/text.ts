/**
 * Whether a reply is meant for Errand rather than for the people in the thread. Thanks, emoji alone, and words that begin with
 * somebody else's name are not; whatever names Errand is. `raw` is the text as Slack sends it, people as `<@U…>`.
 */
export function speaksToErrand(raw: string, errand: string): boolean {
  if (raw.includes(`<@${errand}>`) || raw.includes(`<@${errand}|`)) return true;
  if (/^\s*<(?:@|!subteam\^)/.test(raw)) return false;
  const words = raw
    .replaceAll(/:[a-z0-9_+'-]+:/g, ' ')
    .replaceAll(/[^\p{Letter}\p{Number}<`/]+/gu, ' ')
    .trim()
    .toLowerCase();
  return words !== '' && !courtesy.test(words);
}

const thanks =
  '(?:many |much )?(?:thanks|thank (?:you|u)|thx|ty|tysm|cheers)(?: (?:a lot|so much|very much|again|all|everyone|errand))*';
const praise =
  '(?:very |really |so )?(?:nice|great|good|awesome|perfect|excellent|amazing|lovely|brilliant|cool|sweet)(?: (?:work|job|one|stuff))?';
const assent = 'ok|okay|got it|lgtm|looks (?:good|great)(?: to me)?|well done|wow';
const courtesy = new RegExp(`^(?:(?:${thanks}|${praise}|${assent})(?: |$))+$`);
