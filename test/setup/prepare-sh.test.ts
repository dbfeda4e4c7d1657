import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let project: string;
/** What stands in for npm writes each call down, and installs a `node` that does the same. */
function npmThat(ends: string): void {
  writeFileSync(
    join(project, 'bin/npm'),
    `#!/bin/sh
echo "npm $*" >> ${project}/calls
mkdir -p node_modules/.bin
printf '#!/bin/sh\\necho "node $*" >> ${project}/calls\\n' > node_modules/.bin/node
chmod +x node_modules/.bin/node
${ends}
`,
  );
  chmodSync(join(project, 'bin/npm'), 0o755);
}

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'errand-prepare-'));
  mkdirSync(join(project, 'src/setup'), { recursive: true });
  mkdirSync(join(project, 'bin'));
  cpSync(resolve(import.meta.dirname, '../../src/setup/prepare.sh'), join(project, 'src/setup/prepare.sh'));
  for (const file of ['package.json', 'package-lock.json']) writeFileSync(join(project, file), '{}');
  npmThat('exit 0');
});
afterEach(() => rmSync(project, { recursive: true, force: true }));

function prepare(purpose: string, uid?: number) {
  const env = { PATH: `${join(project, 'bin')}:${process.env.PATH}` };
  const { status, stdout, stderr } = spawnSync('sh', [join(project, 'src/setup/prepare.sh'), purpose], {
    env,
    uid,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}
const calls = () => readFileSync(join(project, 'calls'), 'utf8').trim().split('\n');

describe('prepare.sh', () => {
  it('installs the packages in a fresh clone, and then hands over to Node 24', () => {
    expect(prepare('start')).toEqual({ status: 0, stdout: 'Installing npm packages …\n', stderr: '' });
    expect(calls()).toEqual([
      'npm install --no-save --ignore-scripts',
      'npm rebuild node',
      'node src/setup/prepare.ts start',
    ]);
  });

  it('installs nothing and says nothing the second time', () => {
    prepare('start');
    expect(prepare('test')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(calls().slice(3)).toEqual(['node src/setup/prepare.ts test']);
  });

  it('installs again when the lock file has changed', () => {
    prepare('packages');
    writeFileSync(join(project, 'package-lock.json'), '{"changed":true}');
    expect(prepare('packages').stdout).toBe('Installing npm packages …\n');
    expect(calls()).toHaveLength(4);
  });

  it('stops after the packages where nothing else is needed', () => {
    prepare('packages');
    expect(calls()).toHaveLength(2);
  });

  it('shows the end of what npm said when it fails, and tries again the next time', () => {
    npmThat('echo "npm error: no route to the registry" >&2; exit 7');
    const { status, stderr } = prepare('start');
    expect(status).toBe(1);
    expect(stderr).toContain('npm error: no route to the registry\n\nnpm could not install the packages.');
    npmThat('exit 0');
    expect(prepare('start').status).toBe(0);
  });

  it.runIf(process.getuid?.() === 0)(
    'tells a normal user whose the data folder is, where root has used it before',
    () => {
      chmodSync(project, 0o755);
      prepare('start');
      const before = calls();
      for (const [mode, place] of [
        [0o755, '.errand'],
        [0o777, '.errand/logs'],
      ] as const) {
        chmodSync(join(project, '.errand'), mode);
        const { status, stderr } = prepare('start', 12_345);
        expect(status).toBe(1);
        expect(stderr.trim().split('\n')).toEqual([
          `Errand keeps its data in ${project}/.errand, and you may not write to ${project}/${place}, which is root's.`,
          'Start Errand as root again, or set ERRAND_DATA_DIR to a folder of your own.',
        ]);
      }
      expect(calls()).toEqual(before);
    },
  );
});
