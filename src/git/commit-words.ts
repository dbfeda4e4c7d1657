import { withCiMark, withoutCiMark } from '../task/ci-mark.ts';
import { inert } from '../task/inert.ts';
import type { CommitWords } from '../task/ports/repositories.ts';

const maxMessageChars = 10_000;

/**
 * A commit message that does nothing: no mention, no closed issue, no skipped check, no trailer but our own. The words come from people
 * and agents; GitHub and its automations read them as commands.
 */
export function toCommitMessage({ message, coAuthor, holdCi = false }: CommitWords): string {
  const text = withoutHidden(message).slice(0, maxMessageChars);
  const plain = inert(text)
    // A key with a hyphen at the start of a line is a trailer: sign-offs, co-authors, release-as, skip-checks.
    .replace(/^([ \t]*)([a-z][a-z\d]*(?:-[a-z\d]+)+|reverts)\s*:/gim, '$1$2 -')
    .trim();
  const body = plain === '' ? 'Change what was asked' : plain;
  const author = toTrailer(coAuthor);
  const words = { body, trailer: author === undefined ? null : `Co-authored-by: ${author}` };
  return holdCi ? withCiMark(words) : withoutCiMark(words);
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
