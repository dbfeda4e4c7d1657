import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';

const root = resolve(import.meta.dirname, '../..');
const pages = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md'];
const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));

describe.each(pages)('%s', (page) => {
  const text = readFileSync(join(root, page), 'utf8');

  test('links to what is there', () => {
    const targets = Array.from(text.matchAll(/(?:\]\(|src=")([^)"\s]+)[)"]/g), ([, target]) => target ?? '');
    const files = targets
      .filter((target) => !/^(?:https?:|#)/.test(target))
      .map((target) => target.split('#')[0] ?? '');
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });

  test('names only paths that are there', () => {
    const named = Array.from(text.matchAll(/`((?:src|sandbox|test|docs)\/[\w./-]+)`/g), ([, path]) => path ?? '');
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  test('names only scripts that package.json has', () => {
    const run = Array.from(text.matchAll(/\bnpm (?:run )?([a-z]+)\b/g), ([, name]) => name ?? '');
    const npm = ['packages', 'install', 'ci'];
    expect(run.filter((name) => scripts[name] === undefined && !npm.includes(name))).toEqual([]);
  });
});

test('every part of the house is on the map of ARCHITECTURE.md', () => {
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
  const parts = readdirSync(join(root, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(parts.map(({ name }) => name).filter((name) => !text.includes(`src/${name}`))).toEqual([]);
});
