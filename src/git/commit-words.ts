import type { CommitWords } from '../task/ports/repositories.ts';

const maxMessageChars = 10_000;
const gap = '\u200b';

/**
 * A commit message that does nothing: no mention, no closed issue, no skipped check, no trailer but our own. The words come from people
 * and agents; GitHub and its automations read them as commands.
 */
export function toCommitMessage({ message, coAuthor }: CommitWords): string {
  const text = withoutHidden(message).slice(0, maxMessageChars);
  const inert = text
    .replace(/\[\s*((?:skip|no)[\s_-]+[\w-]+|[\w-]+[\s_-]+skip)\s*\]/gi, '($1)')
    .replaceAll(/\*{3}\s*NO_CI\s*\*{3}/gi, 'NO CI')
    // A key with a hyphen at the start of a line is a trailer: sign-offs, co-authors, release-as, skip-checks.
    .replace(/^([ \t]*)([a-z][a-z\d]*(?:-[a-z\d]+)+|reverts)\s*:/gim, '$1$2 -')
    .replace(/@(?=[a-z\d])/gi, `@${gap}`)
    .replace(/\b(close[sd]?|fix(?:e[sd])?|resolve[sd]?)(:?\s+[\w./-]*)#(?=\d)/gi, `$1$2#${gap}`)
    .replace(/\b(close[sd]?|fix(?:e[sd])?|resolve[sd]?)(:?\s+)(gh)-(?=\d)/gi, `$1$2$3-${gap}`)
    .replace(/\b(close[sd]?|fix(?:e[sd])?|resolve[sd]?)(:?\s+https?:\/\/\S*\/(?:issues|pull)\/)(?=\d)/gi, `$1$2${gap}`)
    .trim();
  const body = inert === '' ? 'Change what was asked' : inert;
  const author = toTrailer(coAuthor);
  return author === undefined ? `${body}\n` : `${body}\n\nCo-authored-by: ${author}\n`;
}

function toTrailer({ name, email }: CommitWords['coAuthor']): string | undefined {
  const shown = withoutHidden(name)
    .replace(/[<>\n@]/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 100);
  return shown !== '' && /^[^\s<>@]+@[^\s<>@]+$/.test(email) && email.length <= 200 ? `${shown} <${email}>` : undefined;
}

/** Drops control characters, and marks that change the direction of text or can't be seen. */
function withoutHidden(text: string): string {
  return text
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(/[\p{Cc}\p{Cf}]/gu, (each) => (each === '\n' || each === '\t' ? each : ''));
}
