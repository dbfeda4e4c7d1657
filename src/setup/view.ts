import { lstatSync } from 'node:fs';
import { dirname, sep } from 'node:path';
import { which } from './debian.ts';

/**
 * The command before a command that shows it these paths at their own places, although a folder above them lets nobody but root pass: in
 * a mount namespace of its own, that folder is an empty one with nothing in it but them. Empty where no folder is in the way; null where
 * nothing can be done about it.
 */
export function viewOf(paths: readonly string[], stage: string): readonly string[] | null {
  const closed = new Map(
    paths.flatMap((path) => {
      const folder = closedAbove(path);
      return folder === undefined ? [] : [[path, folder] as const];
    }),
  );
  const [unshare, mount] = [which('unshare'), which('mount')];
  if (closed.size === 0 || unshare === undefined || mount === undefined) return null;
  // What lies in another of them is shown with it.
  const shown = [...closed.keys()].filter(
    (path) => !paths.some((other) => path.startsWith(other + sep) && closed.has(other)),
  );
  const held = shown.map((path, index) => ({ path, at: `${stage}/${index}`, isFolder: lstatSync(path).isDirectory() }));
  const empty = (path: string, mode: string) => `${q(mount)} -t tmpfs -o size=1m,mode=${mode} errand ${q(path)}`;
  const script = [
    'set -e',
    empty(stage, '0700'),
    ...held.flatMap(({ path, at, isFolder }) => [place(at, isFolder), `${q(mount)} --bind ${q(path)} ${q(at)}`]),
    ...[...new Set(shown.map((path) => closed.get(path) ?? ''))].map((folder) => empty(folder, '0711')),
    ...held.flatMap(({ path, at, isFolder }) => [place(path, isFolder), `${q(mount)} --bind ${q(at)} ${q(path)}`]),
    'exec "$@"',
  ].join('\n');
  return [unshare, '--mount', '--propagation', 'slave', '--', 'sh', '-c', script, 'sh'];
}

function place(path: string, isFolder: boolean): string {
  return isFolder ? `mkdir -p ${q(path)}` : `mkdir -p ${q(dirname(path))} && : > ${q(path)}`;
}

/** The outermost folder above a path that others may not pass. */
function closedAbove(path: string): string | undefined {
  const above: string[] = [];
  for (let each = dirname(path); each !== dirname(each); each = dirname(each)) above.unshift(each);
  return above.find((folder) => (lstatSync(folder).mode & 0o001) === 0);
}

/** One word for a shell. */
function q(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
