import { readConfig, secretsOf } from './config.ts';
import { runBot } from './service/bot.ts';
import { localOptions, runLocal } from './service/local.ts';
import { runProcess } from './service/process.ts';
import { supervise } from './service/supervise.ts';
import { runWorker } from './service/worker.ts';
import { places as toPlaces } from './setup/places.ts';
import { Problem } from './task/problem.ts';

/** `node src/main.ts` is the role of the environment; with a name, one of the processes that it supervises. */
const [name, argument = 'null'] = process.argv.slice(2);
const child = (['bot', 'worker', 'local'] as const).find((known) => known === name);

try {
  const { config, env, looseFiles } = readConfig(child);
  const places = toPlaces({
    ERRAND_DATA_DIR: config.dataDir,
    XDG_RUNTIME_DIR: env.variables.get('XDG_RUNTIME_DIR'),
    ERRAND_RUN_DIR: child === undefined ? undefined : env.variables.get('ERRAND_RUN_DIR'),
  });
  const { logLevel } = config;
  await runProcess(child ?? 'errand', { logLevel, secrets: secretsOf(config) }, async (scope) => {
    switch (child) {
      case 'bot':
        return runBot(config, places, scope);
      case 'worker':
        return runWorker(config, places, scope, env.variables.get('ERRAND_RUN_HOLDER'));
      case 'local':
        return runLocal(localOptions.parse(JSON.parse(argument)), places, config.slack.command, scope);
      case undefined:
        for (const file of looseFiles) {
          process.stderr.write(`Others on this machine may read ${file}, which holds a secret: chmod 600 it.\n`);
        }
        return supervise(config, env, places, scope);
      default:
        return child satisfies never;
    }
  });
} catch (error) {
  if (!(error instanceof Problem)) throw error;
  process.stderr.write(`${error.failure.sentence}\n${error.failure.next}\n`);
  process.exitCode = 1;
}
