import childProcess from 'node:child_process';
import { existsSync } from 'node:fs';
import { registerHooks, syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * Puts fail points into an Errand from outside of it: where `inside/src` has a file at a path that `src` has too, that file takes the
 * place of the other, for everybody but itself. Node loads this before the program (`--import`), in each process that it starts.
 */
const source = `${pathToFileURL(join(import.meta.dirname, '../../../src')).href}/`;
const inside = `${pathToFileURL(join(import.meta.dirname, 'src')).href}/`;

process.env.FAULTS_DIR = new URL(import.meta.url).searchParams.get('dir') ?? '';

/** Deaths follow each other here as they never do outside: nobody waits ten seconds before each new life. */
const pauses = {
  file: `${source}service/supervisor.ts`,
  from: 'const longestPauseMs = 10_000',
  to: 'const longestPauseMs = 500',
};

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    if (!found.url.startsWith(source)) return found;
    const substitute = inside + found.url.slice(source.length);
    if (context.parentURL === substitute || !existsSync(fileURLToPath(substitute))) return found;
    return { ...found, url: substitute };
  },
  load(url, context, next) {
    const loaded = next(url, context);
    if (url !== pauses.file) return loaded;
    const text = String(loaded.source);
    const changed = text.replace(pauses.from, pauses.to);
    if (changed === text) throw new Error(`${url} no longer has “${pauses.from}”`);
    return { ...loaded, source: changed };
  },
});

const spawn = childProcess.spawn;
// Errand's own processes start as a list of arguments and an environment of their own, which no variable of ours gets into. Before
// Node's own name may stand what makes them another user.
Object.assign(childProcess, {
  spawn: (file: string, args: readonly string[], options: childProcess.SpawnOptions) => {
    const [program = '', ...rest] = [file, ...args].flatMap((each) =>
      each === process.execPath ? [each, '--import', import.meta.url] : [each],
    );
    return spawn(program, rest, options);
  },
});
syncBuiltinESMExports();
