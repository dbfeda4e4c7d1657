const gap = '\u200b';
const closing = String.raw`\b(close[sd]?|fix(?:e[sd])?|resolve[sd]?)`;

/**
 * Words of people and agents, as GitHub and its automations read them as nothing but words: no mention, no issue that they close, no
 * check that they skip or ask for. See GitHub's pages on linking issues by keywords and on skipping workflow runs.
 */
export function inert(text: string): string {
  return text
    .replace(/\[\s*((?:skip|no)[\s_-]+[\w-]+|[\w-]+[\s_-]+skip)\s*\]/gi, '($1)')
    .replaceAll(/\*{3}\s*NO_CI\s*\*{3}/gi, 'NO CI')
    .replace(/^(\s*)(skip-checks|request-checks)\s*:/gim, '$1$2 -')
    .replace(/@(?=[a-z\d])/gi, `@${gap}`)
    .replace(new RegExp(`${closing}(:?\\s+[\\w./-]*)#(?=\\d)`, 'gi'), `$1$2#${gap}`)
    .replace(new RegExp(`${closing}(:?\\s+)(gh)-(?=\\d)`, 'gi'), `$1$2$3-${gap}`)
    .replace(new RegExp(`${closing}(:?\\s+https?://\\S*/(?:issues|pull)/)(?=\\d)`, 'gi'), `$1$2${gap}`);
}
