import { expect, test } from 'vitest';
import { isPage, onRoute, toCrateUrl } from '../../src/gateway/registry-pages.ts';
import type { Registry } from '../../src/task/network.ts';

const registry = (kind: Registry['kind']): Registry => ({ name: kind, kind, url: `https://${kind}.example.com/` });
const order = (kind: Registry['kind'], url: string, userAgent = '') => ({
  registry: registry(kind),
  url,
  userAgent,
  sealed: (file: string, name: string) => `SEALED(${file})/${name}`,
  toRoute: (path: string) => `http://127.0.0.1:3128${path}`,
  mayVisit: ({ host }: URL) => host === 'files.example.net' || host === `${kind}.example.com`,
});

test('npm’s own pages stay as they are, so that a lock file names the registry itself', () => {
  const url = 'https://npm.example.com/left-pad';
  expect(isPage(order('npm', url, 'npm/11.0.0 node/v24'))).toBe(false);
  expect(isPage(order('npm', url, 'yarn/1.22.22 npm/? node/v24'))).toBe(true);
});

test('other readers of npm’s registry are led to the route, for files beside it under a seal', () => {
  const own = { dist: { tarball: 'https://npm.example.com/a/-/a-1.tgz' } };
  const beside = { dist: { tarball: 'https://files.example.net/a-2.tgz' } };
  const page = JSON.stringify({ ...own, versions: { 1: own, 2: beside } });
  const moved = { dist: { tarball: 'http://127.0.0.1:3128/registry/npm/a/-/a-1.tgz' } };
  expect(JSON.parse(onRoute(page, order('npm', 'https://npm.example.com/a')))).toEqual({
    ...moved,
    versions: { 1: moved, 2: { dist: { tarball: 'SEALED(https://files.example.net/a-2.tgz)/a-2.tgz' } } },
  });
});

test('what a publisher writes into a page of npm’s gets no seal', () => {
  const tarball = 'https://files.example.net/x.tgz';
  const page = { tarball, versions: { 1: { tarball, dependencies: { tarball }, dist: { signatures: { tarball } } } } };
  expect(onRoute(JSON.stringify(page), order('npm', 'https://npm.example.com/a'))).toBe(JSON.stringify(page));
});

test.each(['https://attacker.example:8080/1.whl', 'http://attacker.example/1.whl'])('%s gets no seal', (url) => {
  const npm = JSON.stringify({ versions: { 1: { dist: { tarball: url } } } });
  expect(onRoute(npm, order('npm', 'https://npm.example.com/a'))).toBe(npm);
  const pip = `<a href="${url}">x</a>`;
  expect(onRoute(pip, order('pip', 'https://pip.example.com/simple/x/'))).toBe(pip);
});

test('pip’s links are sealed with their checksum beside them, and other links stay', () => {
  const page =
    '<a href="https://files.example.net/p/x-1.whl#sha256=ab" data-core-metadata="true">x</a>' +
    '<a href=\'../../packages/x-1.tar.gz\'>x</a><a href="../y/">y</a>';
  expect(onRoute(page, order('pip', 'https://pip.example.com/simple/x/'))).toBe(
    '<a href="SEALED(https://files.example.net/p/x-1.whl)/x-1.whl#sha256=ab" data-core-metadata="true">x</a>' +
      '<a href=\'SEALED(https://pip.example.com/packages/x-1.tar.gz)/x-1.tar.gz\'>x</a><a href="../y/">y</a>',
  );
});

test('cargo is told to fetch crates by the route', () => {
  const page = '{"dl":"https://static.example.net/crates","api":"https://cargo.example.com"}';
  expect(JSON.parse(onRoute(page, order('cargo', 'https://cargo.example.com/config.json'))).dl).toBe(
    'http://127.0.0.1:3128/registry/cargo/-/dl/{crate}/{version}',
  );
});

test.each([
  ['https://s.example.net/crates', 'https://s.example.net/crates/Serde_json/1.0.0/download'],
  ['https://s.example.net/{crate}/{crate}-{version}.crate', 'https://s.example.net/Serde_json/Serde_json-1.0.0.crate'],
  ['https://s.example.net/{lowerprefix}/{crate}', 'https://s.example.net/se/rd/Serde_json'],
])('a crate is where %s says', (dl, url) => {
  expect(toCrateUrl(JSON.stringify({ dl }), 'Serde_json', '1.0.0')).toBe(url);
});
