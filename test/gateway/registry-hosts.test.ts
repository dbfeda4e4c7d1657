import { expect, test } from 'vitest';
import { isOwn } from '../../src/gateway/registry-hosts.ts';

const own = (registry: string, url: string) => isOwn({ name: 'pip', kind: 'pip', url: registry }, new URL(url));

test.each([
  ['https://pypi.org/simple/', 'https://pypi.org/files/x.whl'],
  ['https://pypi.org/simple/', 'https://files.pythonhosted.org/packages/x.whl'],
  ['https://index.crates.io/', 'https://static.crates.io/crates/a/1/download'],
  ['http://packages.corp:8081/npm/', 'http://packages.corp:8081/files/x.tgz'],
  ['http://packages.corp/npm/', 'https://packages.corp/npm/x'],
])('to %s belongs %s', (registry, url) => {
  expect(own(registry, url)).toBe(true);
});

test.each([
  ['https://pypi.org/simple/', 'https://attacker.example/x.whl'],
  ['https://pypi.org/simple/', 'https://pypi.org:8080/x.whl'],
  ['https://pypi.org/simple/', 'http://pypi.org/x.whl'],
  ['https://pypi.org/simple/', 'http://files.pythonhosted.org/x.whl'],
  ['https://pypi.org/simple/', 'https://files.pythonhosted.org:444/x.whl'],
  ['https://pypi.org/simple/', 'https://data@pypi.org/x.whl'],
  ['https://mirror.corp/simple/', 'https://files.pythonhosted.org/x.whl'],
  ['http://packages.corp:8081/npm/', 'http://packages.corp/x.tgz'],
])('to %s belongs not %s', (registry, url) => {
  expect(own(registry, url)).toBe(false);
});
