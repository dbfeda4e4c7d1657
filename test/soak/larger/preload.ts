import childProcess from 'node:child_process';
import { registerHooks, syncBuiltinESMExports } from 'node:module';

/** Puts Errand into a workspace that takes more calls than Slack's. Node loads this before the program, in each of its processes. */
const original = new URL('../../../src/slack/outgoing/pace.ts', import.meta.url).href;
const substitute = new URL('pace.ts', import.meta.url).href;

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    const isMeant = found.url === original && context.parentURL !== substitute;
    return isMeant ? { ...found, url: substitute } : found;
  },
});

const spawn = childProcess.spawn;
// Errand's processes start with an environment of their own, which no variable of ours gets into.
Object.assign(childProcess, {
  spawn: (file: string, args: readonly string[], options: childProcess.SpawnOptions) => {
    const [program = '', ...rest] = [file, ...args].flatMap((each) =>
      each === process.execPath ? [each, '--import', import.meta.url] : [each],
    );
    return spawn(program, rest, options);
  },
});
syncBuiltinESMExports();
