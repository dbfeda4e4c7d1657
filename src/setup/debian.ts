import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Problem } from '../task/problem.ts';
import type { Journal } from './journal.ts';

/** Something the machine must have: how to see that it is there, and which Debian packages bring it. */
export interface Need {
  readonly present: boolean;
  readonly packages: readonly string[];
}

/** The full path of a program, also where a person's PATH leaves out the administrator's. */
export function which(program: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return folders.map((folder) => join(folder, program)).find(existsSync);
}

export function program(name: string, ...packages: string[]): Need {
  return { present: which(name) !== undefined, packages };
}

/** What `/etc/os-release` says, for instance `{ ID: 'debian', VERSION_CODENAME: 'bookworm' }`; empty where there is none. */
export function system(): Readonly<Record<string, string>> {
  if (!existsSync('/etc/os-release')) return {};
  const lines = readFileSync('/etc/os-release', 'utf8').matchAll(/^([A-Z_]+)="?([^"\n]*)"?$/gm);
  return Object.fromEntries(Array.from(lines, ([, name = '', value = '']) => [name, value]));
}

/**
 * Installs what is missing, all in one go; as somebody who may not, throws a `Problem` with the commands to type.
 * Services that come with the packages are not started: Errand starts its own.
 */
export async function installMissing(needs: readonly Need[], journal: Journal): Promise<void> {
  const packages = [...new Set(needs.filter((need) => !need.present).flatMap((need) => need.packages))];
  if (packages.length === 0) return;
  const { ID: id = process.platform, ID_LIKE: like = '' } = system();
  const debian = which('apt-get') !== undefined && /\b(debian|ubuntu)\b/.test(`${id} ${like}`);
  const install = `apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  if (!debian || process.getuid?.() !== 0) {
    throw new Problem({
      code: 'packages',
      sentence: `Errand needs packages that are missing here: ${packages.join(', ')}.`,
      next: debian
        ? `Type these two lines, then start again:\n  sudo apt-get update\n  sudo ${install}`
        : `Errand installs them itself on Debian and Ubuntu; this is ${id}: install what they are called there, then start again.`,
    });
  }
  journal.say(`Installing ${packages.join(', ')} …`);
  using _ = withoutServices();
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  try {
    await journal.run('apt-get', ['update'], { env });
  } catch (error) {
    // One broken source of many fails the whole update; what is missing then, the next line says.
    journal.note(`${error}`);
  }
  await journal.run('apt-get', install.split(' ').slice(1), { env });
}

/** Debian's way to say that a package's service is not to be started; left alone where the machine has its own policy. */
function withoutServices(): Disposable {
  const policy = '/usr/sbin/policy-rc.d';
  if (existsSync(policy)) return { [Symbol.dispose]: () => {} };
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  return { [Symbol.dispose]: () => rmSync(policy, { force: true }) };
}
