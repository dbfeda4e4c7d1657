import { expect, test } from 'vitest';
import { isOwn } from '../../src/gateway/registry-hosts.ts';

const own = (registry: string, url: string) => isOwn({ name: 'pip', kind: 'pip', url: registry }, new URL(url));

test.each([
  ['https://index.example/simple/', 'https://index.example/files/x.whl'],
  ['http://packages.corp:8081/npm/', 'http://packages.corp:8081/files/x.tgz'],
  ['http://packages.corp/npm/', 'https://packages.corp/npm/x'],
])('to %s belongs %s', (registry, url) => {
  expect(own(registry, url)).toBe(true);
});

test.each([
  ['https://index.example/simple/', 'https://attacker.example/x.whl'],
  ['https://index.example/simple/', 'https://index.example:8080/x.whl'],
  ['https://index.example/simple/', 'http://index.example/x.whl'],
  ['https://index.example/simple/', 'https://data@index.example/x.whl'],
  ['https://index.example/simple/', 'https://files.index.example/x.whl'],
  ['http://packages.corp:8081/npm/', 'http://packages.corp/x.tgz'],
])('to %s belongs not %s', (registry, url) => {
  expect(own(registry, url)).toBe(false);
});
