import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Supervisor } from '../../src/service/supervisor.ts';

test('a child that ends is started again, and why it ended is said', async () => {
  const script = join(tmpdir(), `errand-child-${process.pid}.mjs`);
  await writeFile(script, 'process.send({ ready: true }, () => process.exit(1));\n');
  const said = Promise.withResolvers<string>();
  await using supervisor = new Supervisor({
    logFile: () => '/dev/null',
    lastWords: () => 'Slack answered token_revoked.',
    say: said.resolve,
    graceMs: 1_000,
  });
  await supervisor.start({ name: 'bot', command: [], args: [script], env: {} });
  expect(await said.promise).toBe('The bot ended with exit code 1 (Slack answered token_revoked.); starting it again.');
});
