import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { type ProcessName, settings } from '../../src/config/settings.ts';

const file = join(import.meta.dirname, '../../compose.yaml');
const { services } = z
  .object({ services: z.record(z.string(), z.object({ environment: z.record(z.string(), z.unknown()).default({}) })) })
  .parse(parse(readFileSync(file, 'utf8'), { merge: true }));
const known = Object.values(settings);

/** The processes that run in a service's container. */
const inside = { bot: ['bot'], worker: ['worker', 'broker', 'gateway'] } as const satisfies Record<
  string,
  readonly ProcessName[]
>;

describe('compose.yaml', () => {
  test('has bot, worker and Redis apart', () => {
    expect(Object.keys(services).sort()).toEqual(['bot', 'redis', 'worker']);
  });

  test.each(Object.entries(inside))(
    'gives the %s only what is a setting, and no secret of others',
    (name, processes) => {
      const names = Object.keys(services[name]?.environment ?? {}).filter((each) => each !== 'ERRAND_CONFIG');
      expect(names.length).toBeGreaterThan(10);
      const others = names.filter((variable) => {
        const setting = known.find((each) => each.variable === variable);
        return setting === undefined || !processes.some((process) => setting.holders.includes(process));
      });
      expect(others).toEqual([]);
    },
  );
});
