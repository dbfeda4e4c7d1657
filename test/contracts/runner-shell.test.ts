import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { maxLineBytes } from '../../sandbox/protocol.ts';
import { makeGround, resultFile, shell } from '../runner/drive.ts';

test('a script runs in the checkout, and its exit code and output are the result', async () => {
  await using ground = await makeGround({ 'a.txt': 'one\n' });
  const runner = ground.here();
  runner.send(ground.spec(shell('cat a.txt; git rev-parse --abbrev-ref HEAD; echo late >&2; exit 3')));
  const result = await runner.result();
  expect(result).toEqual({ type: 'finished', exitCode: 3, claim: 'one\nerrand/tabc123-x\nlate', unread: [] });
  expect(await resultFile(ground)).toEqual(result);
});

test('records are numbered from one without a gap, begin with ready and end with the result, in file and stdout alike', async () => {
  await using ground = await makeGround();
  const runner = ground.here();
  runner.send(ground.spec(shell('echo hi')));
  await runner.result();
  const file = await readFile(join(ground.workspace, 'records/tabc123-r1.jsonl'), 'utf8');
  expect(
    file
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual(runner.records);
  expect(runner.records.map(({ n }) => n)).toEqual(runner.records.map((_, at) => at + 1));
  expect(runner.records[0]?.type).toBe('ready');
  expect(runner.records.at(-1)?.type).toBe('result');
});

test('a million lines become a few records that keep the end', async () => {
  await using ground = await makeGround();
  const runner = ground.here();
  runner.send(ground.spec(shell('seq 1 1000000')));
  const result = await runner.result();
  const { size } = await stat(join(ground.workspace, 'records/tabc123-r1.jsonl'));
  expect(size).toBeLessThan(5 * 1024 * 1024);
  expect(runner.records.findLast(({ type }) => type === 'output')).toMatchObject({
    text: expect.stringMatching(/\n1000000\n$/),
  });
  expect(result.type === 'finished' && result.claim.endsWith('\n1000000')).toBe(true);
  expect(result.type === 'finished' && result.claim.length).toBeLessThanOrEqual(8_000);
});

test('escape sequences and control characters are left out, and a line of a megabyte stays within its record', async () => {
  await using ground = await makeGround();
  const runner = ground.here();
  runner.send(
    ground.spec(shell(`head -c 1000000 /dev/zero | tr '\\0' '"'; sleep 0.3; printf '\\033[31mred\\033[0m\\007\\n'`)),
  );
  expect(await runner.result()).toMatchObject({ claim: expect.stringMatching(/red$/) });
  for (const record of runner.records) expect(Buffer.byteLength(JSON.stringify(record))).toBeLessThan(maxLineBytes);
  expect(runner.records.flatMap((record) => (record.type === 'output' ? [record.text] : [])).join('')).toMatch(
    /"red\n$/,
  );
});

test('lines that say nothing known are recorded and ignored, and only the first spec counts', async () => {
  await using ground = await makeGround();
  const runner = ground.here();
  for (const line of ['nonsense', '{"type":"spec"}', '[]', `{"type":"${'x'.repeat(2_000_000)}"}`]) runner.send(line);
  runner.send(ground.spec(shell('echo first; read x; cat')));
  runner.send(ground.spec(shell('echo second')));
  const result = await runner.result();
  expect(result).toMatchObject({ type: 'finished', claim: 'first' });
  const notes = runner.records.flatMap((record) => (record.type === 'output' ? record.text.split('\n') : []));
  expect(notes.filter((line) => line.startsWith('[errand]'))).toHaveLength(5);
});

test('what a script leaves running ends with it', async () => {
  await using ground = await makeGround();
  const runner = ground.here();
  runner.send(ground.spec(shell('sleep 1000 & echo $!')));
  const result = await runner.result();
  const pid = result.type === 'finished' ? Number(result.claim) : 0;
  expect(existsSync(`/proc/${pid}/cmdline`) && (await readFile(`/proc/${pid}/cmdline`, 'utf8'))).not.toContain('sleep');
});

test('cancel ends the script and everything it started', async () => {
  await using ground = await makeGround();
  const runner = ground.here();
  runner.send(ground.spec(shell('trap "" TERM; sleep 1000 & echo "pid $!"; wait; sleep 1000')));
  const { text } = await runner.until('output', ({ text }) => text.includes('pid'));
  runner.send({ type: 'cancel' });
  expect(await runner.result()).toEqual({ type: 'failed', code: 'cancelled', message: 'The run was stopped.' });
  const pid = Number(/pid (\d+)/.exec(text)?.[1]);
  expect(existsSync(`/proc/${pid}/cmdline`) && (await readFile(`/proc/${pid}/cmdline`, 'utf8'))).not.toContain('sleep');
});

test('cancel before the spec, and SIGTERM, end the run as cancelled', async () => {
  await using ground = await makeGround();
  const early = ground.here();
  early.send({ type: 'cancel' });
  expect(await early.result()).toMatchObject({ code: 'cancelled' });
  const late = ground.here({ run: 'tabc123-r2' });
  late.send(ground.spec(shell('echo up; sleep 1000')));
  await late.until('output');
  late.child.kill('SIGTERM');
  expect(await late.result()).toMatchObject({ code: 'cancelled' });
});

test('messages to a script are told to be unread', async () => {
  await using ground = await makeGround();
  const runner = ground.here();
  runner.send({ type: 'steer', id: 'm1', text: 'use tabs' });
  runner.send(ground.spec(shell('echo done')));
  expect(await runner.result()).toMatchObject({ type: 'finished', unread: ['m1'] });
  expect(runner.records).toContainEqual(expect.objectContaining({ type: 'steered', id: 'm1', accepted: false }));
});
