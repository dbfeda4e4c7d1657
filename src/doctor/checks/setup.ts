import type { Config } from '../../config.ts';
import { type Finding, ok, warn } from '../finding.ts';

/** The secrets that set-up scripts may ask for, by the repositories that have any: each is there, or it is said why not. */
export function checkSetup(config: Config): readonly Finding[] {
  return config.repositories.flatMap(({ name, setup }) => {
    if (setup.secrets.size === 0) return [];
    const row = `Set-up of ${name}`;
    const missing = Array.from(setup.secrets).flatMap(([secret, { source, missing: why }]) =>
      why === null ? [] : [`${secret} (${source} ${why})`],
    );
    if (missing.length === 0) return [ok(row, `Has its secrets: ${[...setup.secrets.keys()].join(', ')}.`)];
    return [
      warn(
        row,
        `Lacks ${missing.join(', ')}; a set-up that asks for one fails.`,
        `Set the variable, or mend repositories.${name}.setup.secrets.`,
      ),
    ];
  });
}
