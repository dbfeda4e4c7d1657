import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const source = join(root, 'src');

/** What a part of the house may import from the other parts. `setup` and `doctor` are programs of their own beside `service`. */
const mayImport: Record<string, readonly string[]> = {
  task: [],
  app: ['task', 'sandbox-protocol'],
  slack: ['task', 'app'],
  queue: ['task', 'app'],
  store: ['task'],
  sandbox: ['task', 'sandbox-protocol'],
  gateway: ['task'],
  git: ['task'],
  github: ['task'],
  local: ['task'],
  operate: ['task'],
  setup: ['task'],
};

interface Import {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const imports = filesBelow(source).flatMap((file) => importsOf(file));

test('every part of the house imports only what its place allows', () => {
  const trespasses = imports.filter(({ from, to }) => {
    const allowed = mayImport[from];
    return allowed !== undefined && to !== from && !allowed.includes(to);
  });
  expect(trespasses.map(({ file, to }) => `${file} imports ${to}`)).toEqual([]);
});

test('the domain imports nothing outside itself, packages included', () => {
  const outside = packagesOf('task');
  expect(outside).toEqual([]);
});

test('the environment is read in config.ts and in set-up, and nowhere else', () => {
  const readers = filesBelow(source)
    .filter((file) => /process\.env\b/.test(readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')))
    .map((file) => relative(source, file))
    .filter((file) => file !== 'config.ts' && !file.startsWith('setup/'));
  expect(readers).toEqual([]);
});

test('every part of the house has its rule', () => {
  const parts = readdirSync(source, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .filter((name) => !['config', 'doctor', 'service'].includes(name));
  expect(parts.filter((part) => mayImport[part] === undefined)).toEqual([]);
});

function filesBelow(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(dir, name));
}

function specifiersOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  return Array.from(text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g), ([, specifier]) => specifier ?? '');
}

function importsOf(file: string): Import[] {
  return specifiersOf(file)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => ({
      file: relative(root, file),
      from: partOf(file),
      to: partOf(resolve(dirname(file), specifier)),
    }));
}

function partOf(file: string): string {
  const path = relative(source, file);
  if (path.startsWith('..'))
    return relative(root, file).startsWith('sandbox/protocol') ? 'sandbox-protocol' : 'outside';
  return path.split('/')[0] ?? path;
}

function packagesOf(part: string): string[] {
  return filesBelow(join(source, part)).flatMap((file) =>
    specifiersOf(file)
      .filter((specifier) => !specifier.startsWith('.'))
      .map((specifier) => `${relative(root, file)} imports ${specifier}`),
  );
}
