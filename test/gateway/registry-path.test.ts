import { describe, expect, test } from 'vitest';
import { findRegistryTarget } from '../../src/gateway/registry-path.ts';
import type { Registry } from '../../src/task/network.ts';

const npm: Registry = { name: 'npm', kind: 'npm', url: 'https://packages.example.com/npm/' };
const apt: Registry = { name: 'apt-1', kind: 'apt', url: 'http://debian.example.com/debian/' };
const find = (target: string, method = 'GET') => findRegistryTarget([npm, apt], method, target);

describe('a path of a package goes below its registry', () => {
  test.each([
    ['/registry/npm/left-pad', 'left-pad'],
    ['/registry/npm/@acme%2fshop', '@acme%2fshop'],
    ['/registry/npm/@acme/shop/-/shop-1.0.0.tgz', '@acme/shop/-/shop-1.0.0.tgz'],
    // npm puts a lock file's whole path behind its registry.
    ['/registry/npm/npm/left-pad/-/left-pad-1.3.0.tgz', 'left-pad/-/left-pad-1.3.0.tgz'],
    ['/registry/npm/npm/-/npm-11.0.0.tgz', 'npm/-/npm-11.0.0.tgz'],
  ])('%s', (target, rest) => {
    expect(find(target)).toMatchObject({ type: 'path', url: `${npm.url}${rest}` });
  });

  test('apt’s names, with what they have encoded', () => {
    expect(find('/registry/apt-1/pool/main/g/gcc/g%2b%2b_4%3a12.2.0-3_amd64.deb')).toMatchObject({
      url: `${apt.url}pool/main/g/gcc/g%2b%2b_4%3a12.2.0-3_amd64.deb`,
    });
  });
});

test('the folder of apt’s flat sources', () => {
  expect(find('/registry/apt-1/./Packages')).toMatchObject({ url: `${apt.url}Packages` });
});

describe('refused is', () => {
  test.each(['PUT', 'POST', 'DELETE', 'PATCH', 'OPTIONS'])('%s', (method) => {
    expect(find('/registry/npm/left-pad', method)).toMatchObject({ type: 'refused', status: 405 });
  });

  test.each([
    '/registry/npm/left-pad?secret=1',
    '/registry/npm/left-pad?',
    '/registry/npm/../other',
    '/registry/npm/a/../../b',
    '/registry/npm/%2e%2e/b',
    '/registry/npm//evil.example.com/',
    '/registry/npm/a\\b',
    '/registry/npm/a%00b',
    '/registry/npm/https://evil.example.com/x',
    '/registry/npm/a%2f..%2f..%2fb',
    '/registry/npm/https:%2f%2fevil.example.com/x',
    '/registry/npm/-/whoami',
    '/registry/npm/-%2fwhoami',
    '/registry/npm/-/user/org.couchdb.user:x',
    `/registry/npm/${'a'.repeat(300)}`,
    `/registry/npm/${'abc/'.repeat(200)}`,
  ])('%s', (target) => {
    expect(find(target)).toMatchObject({ type: 'refused', status: 403 });
  });

  test('a registry that the image does not name', () => {
    expect(find('/registry/pip/requests/')).toMatchObject({ type: 'refused', status: 404 });
  });
});
