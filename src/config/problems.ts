import { Problem } from '../task/problem.ts';

export interface ConfigProblem {
  /** The variable, or the path in the YAML file. */
  readonly where: string;
  readonly problem: string;
  /** How to write it, `ERRAND_CONCURRENCY=4`. */
  readonly example: string | null;
}

/** All that is wrong with a configuration, at once. */
export class ConfigError extends Problem {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const lines = problems.map(
      ({ where, problem, example }) => `${where}: ${problem}${example === null ? '' : `; for example ${example}`}`,
    );
    super({
      code: 'configuration',
      sentence: `Errand can’t start with this configuration.\n${lines.map((line) => `  ${line}`).join('\n')}`,
      next: 'Correct the lines above and start again; `npm run doctor` checks them against the live services.',
    });
    this.problems = problems;
  }
}

/** What was found, quoted and short. */
export function shown(value: unknown): string {
  const json = JSON.stringify(value) ?? String(value);
  return json.length > 60 ? `${json.slice(0, 57)}…` : json;
}
