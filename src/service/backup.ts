import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { backUp } from '../store/backup.ts';
import { writeBackup } from '../store/backup-file.ts';
import { versionOf } from '../store/migrate.ts';
import { runCommand, withStore } from './store-command.ts';

const usage = `npm run backup [-- <file>]

Writes everything of this Errand that can't be made anew into one file, while Errand works: tasks, what is still to be said, what
was spent. Without a file it goes into backups in the data folder. It holds what people wrote, and only you may read it.
`;

await runCommand(usage, async () => {
  const { positionals } = parseArgs({ allowPositionals: true, options: {} });
  return withStore('errand-backup', async ({ redis, places }) => {
    const version = await versionOf(redis);
    const madeAt = Date.now();
    const name = `errand-${new Date(madeAt).toISOString().replaceAll(/[:.]/g, '-')}.backup.gz`;
    const file = resolve(positionals[0] ?? join(places.dataDir, 'backups', name));
    const rows = await writeBackup(file, { version, madeAt }, backUp(redis));
    return `${rows} keys backed up to ${file}`;
  });
});
