/**
 * A commit message that keeps GitHub's workflows on `push` and `pull_request` from running, in both of the ways that GitHub documents for
 * it: the words for Actions, and the trailer, last and after two empty lines, which check apps heed too. It does nothing about
 * `pull_request_target`. See "Skipping workflow runs" and "About status checks" in GitHub's documentation.
 */
export function withCiMark({ body, trailer }: Message): string {
  return `${body}\n\n[skip ci]\n\n\n${trailer === null ? '' : `${trailer}\n`}skip-checks: true\n`;
}

export interface Message {
  /** Has no mark of its own, and no empty line at its end. */
  readonly body: string;
  /** One line; null for none. */
  readonly trailer: string | null;
}

/** The same message without a mark. */
export function withoutCiMark({ body, trailer }: Message): string {
  return trailer === null ? `${body}\n` : `${body}\n\n${trailer}\n`;
}

/** Reads a message that `withCiMark` made; null for any other. */
export function readCiMark(message: string): Message | null {
  const [, body, trailer] = /^([\s\S]*)\n\n\[skip ci\]\n\n\n(?:([^\n]+)\n)?skip-checks: true\n$/.exec(message) ?? [];
  return body === undefined ? null : { body, trailer: trailer ?? null };
}
