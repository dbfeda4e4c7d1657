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

test('a child that lives and can’t do its work keeps the others from starting, with its own words', async () => {
  const script = join(tmpdir(), `errand-unfit-${process.pid}.mjs`);
  await writeFile(script, "process.send({ failed: 'The sandboxes don’t hold.' }); setInterval(() => {}, 1_000);\n");
  await using supervisor = new Supervisor({
    logFile: () => '/dev/null',
    lastWords: () => '',
    say: () => undefined,
    graceMs: 1_000,
  });
  const started = supervisor.start({ name: 'broker', command: [], args: [script], env: {} });
  await expect(started).rejects.toThrow('The sandboxes don’t hold.');
});
