import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { proveBackup, readBackup } from '../store/backup-file.ts';
import { checkStore } from '../store/consistency/check-store.ts';
import { restore } from '../store/restore.ts';
import { Problem } from '../task/problem.ts';
import { runCommand, withStore } from './store-command.ts';

const usage = `npm run restore -- <file> [--replace]

Puts a backup in the place of what this Errand has stored. Errand must not be running. Where there are tasks already, --replace
removes them first. The next start takes up what the backup was made in the middle of: what runs is adopted or started anew,
branches, pull requests and messages that came after the backup are found again.
`;

await runCommand(usage, async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { replace: { type: 'boolean', default: false } },
  });
  const [name] = positionals;
  if (name === undefined) throw noFile();
  const file = resolve(name);
  await proveBackup(file);
  return withStore('errand-restore', async ({ redis }) => {
    const { rows, ...facts } = await readBackup(file);
    const said = new Set<string>();
    const unreadable = (key: string, found: string) => {
      said.add(key);
      console.error(`Restored as it was, and wrong: ${key}: ${found}`);
    };
    const tasks = await restore(redis, rows, { ...facts, replace: values.replace, unreadable });
    const flaws = await checkStore(redis).catch((error: unknown) => {
      if (error instanceof Problem && error.failure.code === 'store_large') return [];
      throw error;
    });
    for (const { key, found } of flaws.filter((flaw) => !said.has(flaw.key)))
      console.error(`Restored as it was, and wrong: ${key}: ${found}.`);
    const made = new Date(facts.madeAt).toISOString();
    return `${tasks === 1 ? 'One task' : `${tasks} tasks`} restored, as of ${made}. Start Errand to go on.`;
  });
});

function noFile(): Problem {
  return new Problem({
    code: 'restore_file',
    sentence: 'There is no backup named to restore.',
    next: 'Name one: npm run restore -- <file>. Without a file, npm run backup puts them into backups in the data folder.',
  });
}
