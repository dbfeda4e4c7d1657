import { RequestError } from 'octokit';
import { Problem } from '../task/problem.ts';
import { Strayed } from './bound-fetch.ts';
import { limitedProblem, limitedUntil } from './limits.ts';
import { Garbled } from './whole-answer.ts';

/** GitHub's own words and what it named, out of the body of an error. */
export function wordsOf(error: RequestError): string {
  const data: unknown = error.response?.data;
  const message = field(data, 'message');
  const errors = isRecord(data) && Array.isArray(data.errors) ? data.errors : [];
  const details = errors
    .map((each: unknown) => field(each, 'message') || invalidField(each))
    .filter((each) => each !== '');
  return [message || 'no reason given', ...details].join(': ').replaceAll(/\s+/g, ' ').replace(/\.$/, '').slice(0, 300);
}

/** Whether the call may or may not have been carried out: no answer came, or the server broke. */
export function isAmbiguous(error: unknown): boolean {
  if (!(error instanceof RequestError) || error.cause instanceof Strayed) return false;
  return error.response === undefined || error.status >= 500;
}

/** Puts what GitHub (or the way to it) answered into one sentence and one next step. Passes on what is a Problem already. */
export function toProblem(attempted: string, error: unknown, now: number): unknown {
  if (!(error instanceof RequestError)) return error;
  const problem = (code: string, found: string, next: string, more: { retry?: boolean } = {}) =>
    new Problem({ code, sentence: `${attempted} failed: ${found}.`, next }, { ...more, cause: error });
  if (error.cause instanceof Strayed) {
    const [code, found, next] = strayedWords(error.cause);
    return problem(code, found, next);
  }
  if (isAmbiguous(error)) {
    const found = foundOf(error);
    const next = 'Errand tries again by itself; if it lasts, check the network, the proxy and GitHub.';
    return problem('github_unreachable', found, next, { retry: true });
  }
  const words = wordsOf(error);
  const retryAt = limitedUntil(error.status, error.response?.headers ?? {}, words, now);
  if (retryAt !== null) {
    return limitedProblem(attempted, /secondary|abuse/i.test(words) ? 'secondary' : 'primary', retryAt, error);
  }
  switch (error.status) {
    case 401:
      return problem(
        'github_unauthorized',
        'GitHub did not accept the credentials',
        'Give Errand a valid GitHub token or app key, then retry.',
      );
    case 403:
      if (/archived/i.test(words)) {
        return problem(
          'repository_archived',
          'the repository is archived',
          'Unarchive it, or name another repository.',
        );
      }
      return problem(
        'github_forbidden',
        `GitHub forbids it to these credentials (${words}${neededOf(error)})`,
        'Give the token or app write access to contents and pull requests and read access to checks and commit statuses, then retry.',
      );
    case 404:
      return problem(
        'github_not_found',
        'GitHub knows nothing there, or hides it from these credentials',
        'Check the name, and that the token or app may see this repository.',
      );
    case 422:
      return problem(
        'github_invalid',
        `GitHub did not take it (${words})`,
        'Look at the repository on GitHub, then retry.',
      );
    default:
      return problem(
        'github_refused',
        `GitHub answered ${error.status} (${words})`,
        'Look at it on GitHub, then retry.',
      );
  }
}

function foundOf({ response, status, cause }: RequestError): string {
  if (cause instanceof Garbled) return `GitHub did not answer: ${cause.message}`;
  return response === undefined ? 'GitHub could not be reached' : `GitHub answered ${status}`;
}

function strayedWords({ why, message }: Strayed): readonly [code: string, found: string, next: string] {
  switch (why) {
    case 'moved':
      return [
        'github_moved',
        'GitHub says that it was renamed or moved',
        'Whoever runs Errand lists the repository by the name that it has now, if it is still the one that is meant.',
      ];
    case 'elsewhere':
      return [
        'github_elsewhere',
        `the way leads to ${message}, and Errand's credentials go to GitHub alone`,
        'Check GITHUB_API_URL, and what stands between this machine and GitHub.',
      ];
    case 'unlisted':
      return [
        'github_unlisted',
        `${message} is none of Errand's calls`,
        'Report it: nothing should have asked for it.',
      ];
    default:
      return why satisfies never;
  }
}

/** What GitHub says an app or a fine-grained token would need for the call. */
function neededOf(error: RequestError): string {
  const accepted = String(error.response?.headers['x-accepted-github-permissions'] ?? '');
  const needs = accepted
    .split(';')[0]
    ?.split(',')
    .filter((each) => /^\s*\w+=(?:read|write|admin)\s*$/.test(each))
    .map((each) => each.trim().replace('=', ': '));
  return needs === undefined || needs.length === 0 ? '' : `; it needs ${needs.join(', ')}`;
}

function invalidField(value: unknown): string {
  const name = field(value, 'field');
  return name === '' ? (typeof value === 'string' ? value : '') : `${name} is ${field(value, 'code') || 'invalid'}`;
}

function field(value: unknown, name: string): string {
  const found = isRecord(value) ? value[name] : undefined;
  return typeof found === 'string' ? found : '';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
