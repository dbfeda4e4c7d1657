import { describe, expect, test } from 'vitest';
import { openLog } from '../../src/operate/log.ts';
import { within } from '../../src/operate/log-context.ts';
import { createMetrics } from '../../src/operate/metrics.ts';
import { runId, taskId } from '../task/example.ts';

const task = taskId('t000001');
const run = runId(1, task);

function logging() {
  const lines: string[] = [];
  const metrics = createMetrics('worker');
  const redact = (text: string) => text.replaceAll('canary', '[secret]');
  const log = openLog('worker', { level: 'info', redact, metrics, to: { write: (line) => void lines.push(line) } });
  return { log, metrics, lines: () => lines.map((line): Record<string, unknown> => JSON.parse(line)) };
}

describe('a line of the log', () => {
  test('says which task and run it is about, whoever writes it', async () => {
    const { log, lines } = logging();
    const adapter = async () => log.warn({ code: 'docker_down' }, 'Docker does not answer');
    await within({ task }, () => within({ run }, adapter));
    expect(lines()).toMatchObject([{ task, run, code: 'docker_down', msg: 'Docker does not answer', level: 40 }]);
  });

  test('says nothing of what goes on beside it', async () => {
    const { log, lines } = logging();
    await Promise.all([
      within({ task }, async () => log.info({}, 'one')),
      within({ task: taskId('t000002') }, async () => log.info({}, 'two')),
    ]);
    log.info({}, 'three');
    expect(lines().map((line) => line.task)).toEqual([task, 't000002', undefined]);
  });

  test('keeps what it says itself', () => {
    const { log, lines } = logging();
    within({ task, run }, () => log.info({ run: 'another' }, 'that'));
    expect(lines()).toMatchObject([{ task, run: 'another' }]);
  });

  test('has the task of its lane, and of no other lane', () => {
    const { log, lines } = logging();
    log.warn({ lane: task }, 'late');
    log.warn({ lane: 'invite:t000001' }, 'late');
    expect(lines().map((line) => line.task)).toEqual([task, undefined]);
  });

  test('leaves without a secret, and is counted by its level', async () => {
    const { log, lines, metrics } = logging();
    log.error({ found: 'a canary' }, 'A canary');
    log.debug({}, 'too small');
    expect(lines()).toMatchObject([{ found: 'a [secret]' }]);
    expect((await metrics.logLines.get()).values).toMatchObject([{ labels: { level: 'error' }, value: 1 }]);
  });
});
