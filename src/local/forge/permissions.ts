import type { Levels } from './state.ts';

/** What a route takes of an app's token: `[method, path below the repository, permission, level]`, the first that fits. From GitHub's own table. */
const table: readonly (readonly [RegExp, RegExp, string, Levels[string]])[] = [
  [/GET/, /^$/, 'metadata', 'read'],
  [/GET/, /^\/rules\//, 'metadata', 'read'],
  [/GET/, /^\/rulesets\//, 'metadata', 'read'],
  [/GET/, /^\/branches\/.+\/protection$/, 'administration', 'read'],
  [/GET/, /^\/commits\/.+\/check-runs$/, 'checks', 'read'],
  [/GET/, /^\/commits\/.+\/status$/, 'statuses', 'read'],
  [/PUT/, /^\/pulls\/\d+\/merge$/, 'contents', 'write'],
  [/GET/, /^\/(?:pulls|issues)\b/, 'pull_requests', 'read'],
  [/POST|PATCH|PUT|DELETE/, /^\/(?:pulls|issues)\b/, 'pull_requests', 'write'],
  [/GET/, /^\/(?:branches|git|compare|contents|commits)\b/, 'contents', 'read'],
  [/POST|PATCH|PUT|DELETE/, /^\/(?:branches|git|contents)\b/, 'contents', 'write'],
];

/** The permission that a call on a repository needs; null where apps have none for it. */
export function neededFor(method: string, path: string): readonly [string, Levels[string]] | null {
  const below = /^\/repos\/[^/]+\/[^/]+(.*)$/.exec(path)?.[1] ?? '';
  const row = table.find(([methods, paths]) => methods.test(method) && paths.test(below));
  return row === undefined ? null : [row[2], row[3]];
}
