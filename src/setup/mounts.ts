import { existsSync, readFileSync } from 'node:fs';

/** Mount points at or below a folder, innermost first; none where the system has no `/proc`. */
export function mountsBelow(folder: string): string[] {
  if (!existsSync('/proc/mounts')) return [];
  return readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) =>
      (line.split(' ')[1] ?? '').replaceAll(/\\([0-7]{3})/g, (_, code) =>
        String.fromCharCode(Number.parseInt(code, 8)),
      ),
    )
    .filter((path) => path === folder || path.startsWith(`${folder}/`))
    .reverse();
}
