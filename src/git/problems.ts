import { constants } from 'node:os';
import { Problem } from '../task/problem.ts';
import { GitError } from './git.ts';

const signalOfFileLimit = constants.signals.SIGXFSZ;

const causes: readonly { match: RegExp; code: string; found: string; next: string; retry?: true }[] = [
  {
    match: new RegExp(`died of signal ${signalOfFileLimit}\\b|file too large|file size limit`, 'i'),
    code: 'repository_too_large',
    found: 'what it would bring is larger than this Errand takes',
    next: 'Whoever runs Errand can raise `limits.history`; large files are better kept with Git LFS.',
  },
  {
    match:
      /authentication failed|could not read (?:username|password)|returned error: 401|invalid credentials|invalid username or token/i,
    code: 'github_unauthorized',
    found: 'GitHub did not accept the credentials',
    next: 'Give Errand a valid GitHub token or app key, then retry.',
  },
  {
    match: /returned error: 403|write access to repository not granted|permission to .* denied/i,
    code: 'github_forbidden',
    found: 'GitHub forbids it to these credentials',
    next: 'Give the token or app read and write access to the contents of this repository, then retry.',
  },
  {
    match: /returned error: 404|repository .*not found|repository not found/i,
    code: 'repository_not_found',
    found: 'GitHub knows no such repository, or hides it from these credentials',
    next: 'Check the name, and that the token or app may see this repository.',
  },
  {
    match: /returned error: 30\d|unable to update url base from redirection/i,
    code: 'repository_moved',
    found: 'the repository was renamed or moved',
    next: 'Use its new name in the configuration and in the request.',
  },
  {
    match: /returned error: 429/i,
    code: 'github_rate_limited',
    found: 'GitHub asks to slow down',
    next: 'Errand tries again by itself.',
    retry: true,
  },
  {
    match:
      /could not resolve|failed to connect|couldn't connect|connection (?:refused|reset|timed out)|timed out|timeout|early eof|rpc failed|unexpected disconnect|empty reply|hung up|returned error: 5\d\d|recv failure|send failure|transfer closed|ssl_error|gnutls|operation too slow/i,
    code: 'github_unreachable',
    found: 'GitHub could not be reached',
    next: 'Errand tries again by itself; if it lasts, check the network, the proxy and GitHub.',
    retry: true,
  },
  {
    match: /no space left on device|disk quota/i,
    code: 'disk_full',
    found: 'the disk of the worker is full',
    next: 'Make room under the data folder, then retry.',
    retry: true,
  },
];

/** Puts a failed git command into one sentence: what was attempted, on what, what was found. Passes on what is a Problem already. */
export function toProblem(attempted: string, error: unknown): unknown {
  if (!(error instanceof GitError)) return error;
  const said = error.timedOut ? 'timed out' : error.stderr;
  const cause = causes.find(({ match }) => match.test(said));
  if (cause !== undefined) {
    const failure = { code: cause.code, sentence: `${attempted} failed: ${cause.found}.`, next: cause.next };
    return new Problem(failure, { retry: cause.retry ?? false, cause: error });
  }
  const failure = {
    code: 'git_failed',
    sentence: `${attempted} failed: ${lastLine(said) || error.message}.`,
    next: 'Look at the log of the worker, then retry.',
  };
  return new Problem(failure, { cause: error });
}

/** True where a push or fetch may or may not have reached the remote. */
export function isNetworkFailure(error: unknown): boolean {
  const problem = toProblem('', error);
  return problem instanceof Problem && problem.failure.code === 'github_unreachable';
}

function lastLine(text: string): string {
  const lines = text.split('\n').map((line) => line.replace(/^(?:fatal|error|remote):\s*/i, '').trim());
  return (lines.findLast((line) => line !== '') ?? '').replace(/\.$/, '').slice(0, 300);
}
