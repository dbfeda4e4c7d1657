import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { createMetrics } from '../../src/operate/metrics.ts';
import { withMetrics } from './metrics-table.ts';

const docs = resolve(import.meta.dirname, '../../docs');
const read = (name: string) => readFileSync(join(docs, name), 'utf8');

// Written anew with `npx vitest run --project unit test/docs -u`.
test('the figures in operate.md are those that are counted, word for word', async () => {
  await expect(withMetrics(read('operate.md'))).toMatchFileSnapshot(join(docs, 'operate.md'));
});

test('the alerts rest on figures that are counted', () => {
  const rules = read('errand.rules.yml');
  const counted = createMetrics('test')
    .registry.getMetricsAsArray()
    .map(({ name }) => name);
  const named = Array.from(rules.matchAll(/errand_[a-z_]+/g), ([name]) => name.replace(/_(?:bucket|sum|count)$/, ''));
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !counted.includes(name))).toEqual([]);
  expect(parse(rules)).toMatchObject({ groups: [{ name: 'errand' }] });
});
