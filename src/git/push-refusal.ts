import { Problem } from '../task/problem.ts';

const maxWords = 300;
const nextByDefault = "Let Errand push branches under `errand/` in the repository's rules, then retry.";

/** What GitHub says of a push that it turned down, and what to do about each. */
const known: readonly { match: RegExp; next: string }[] = [
  {
    match: /verified signature|must be signed|signed commits/i,
    next: 'Whoever runs Errand sets ERRAND_SIGNING_KEY_FILE to a key of the account that commits; or leave `errand/` out of the rule.',
  },
  {
    match: /creations? (?:being )?restricted|cannot create ref/i,
    next: 'Let Errand create branches under `errand/` in the ruleset, then retry.',
  },
  {
    match: /through a pull request/i,
    next: 'Leave branches under `errand/` out of the rule that asks for pull requests, then retry.',
  },
  {
    match: /commit message must/i,
    next: 'Ask anew with a first line as the rule wants it, or leave `errand/` out of the rule.',
  },
  {
    match: /email .*must|private email/i,
    next: 'Whoever runs Errand sets ERRAND_COMMITTER to an address that the rule takes; or leave `errand/` out of it.',
  },
  { match: /branch name must/i, next: 'Leave branches under `errand/` out of the rule for names, then retry.' },
  {
    match: /exceeds .*file size|large files? detected|file size|too large/i,
    next: 'Reply in the thread to have the large file left out, or kept with Git LFS.',
  },
  {
    match: /cannot contain secrets|secret scanning|GH009/i,
    next: 'Reply in the thread to have the secret taken out of the change.',
  },
  { match: /file path|file extension|path length/i, next: 'Reply in the thread to have these files left out.' },
  {
    match: /without `?workflows?`? (?:permission|scope)/i,
    next: 'Give Errand’s token the right to change workflows, or reply in the thread to have it left out.',
  },
];

/**
 * GitHub's refusal of a push as one sentence. `reason` is what git shows in brackets, `stderr` has the remote's remarks: the rule that was
 * broken stands there, as a list or after `error:`.
 */
export function toPushRefusal(attempted: string, reason: string, stderr: string, cause: unknown): Problem {
  const remarks = stderr
    .split('\n')
    .filter((line) => line.startsWith('remote:'))
    .map((line) => line.replace(/^remote:\s?/, '').trimEnd());
  const words = rulesOf(remarks);
  const said = words === '' ? reason : words;
  const next = known.find(({ match }) => match.test(`${said} ${reason}`))?.next ?? nextByDefault;
  const sentence = `${attempted} was refused by GitHub: ${said.replace(/\.$/, '').slice(0, maxWords)}.`;
  const retry = /failed to update ref|cannot lock ref|internal/i.test(reason);
  return new Problem({ code: 'push_refused', sentence, next }, { retry, cause });
}

/** The broken rules of GH013 are a list; older refusals come a line each. Ids, counts and addresses say nothing to a reader. */
function rulesOf(remarks: readonly string[]): string {
  const listed = remarks.flatMap((line) => /^- (.+)$/.exec(line)?.[1] ?? []);
  const lines =
    listed.length > 0
      ? listed
      : remarks.flatMap((line) => {
          const said = line
            .replace(/^\s*(?:error|fatal):\s*/i, '')
            .replace(/^GH\d{3}:\s*/, '')
            .trim();
          const quiet = said === '' || /^(?:https?:|review all|trace:|see https?:|[0-9a-f]{40}$)/i.test(said);
          return quiet ? [] : [said];
        });
  return [...new Set(lines.map((line) => line.replace(/\.$/, '')))].join('; ');
}
