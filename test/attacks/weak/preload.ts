import childProcess from 'node:child_process';
import { existsSync } from 'node:fs';
import { registerHooks, syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * Makes an Errand a weak one, from outside of it: where `weak/` has a file at a path that `src/` has too, that file takes the place of the
 * other, for everybody but itself. Node loads this before the program (`--import`), in each process that the program starts.
 */
const source = `${pathToFileURL(join(import.meta.dirname, '../../../src')).href}/`;
const weak = `${pathToFileURL(import.meta.dirname).href}/`;

process.env.WEAK_DIR = new URL(import.meta.url).searchParams.get('dir') ?? '';

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    if (!found.url.startsWith(source)) return found;
    const substitute = weak + found.url.slice(source.length);
    if (context.parentURL === substitute || !existsSync(fileURLToPath(substitute))) return found;
    return { ...found, url: substitute };
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
