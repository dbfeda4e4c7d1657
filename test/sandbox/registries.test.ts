import { expect, test } from 'vitest';
import { readPackageManagers } from '../../src/sandbox/registries.ts';

test('a module proxy of Go’s, which asks any host that a path names, is no registry of an image', () => {
  const said = 'npm https://registry.npmjs.org/\ngo https://proxy.golang.org,direct\n';
  expect(readPackageManagers(said).registries).toEqual([
    { name: 'npm', kind: 'npm', url: 'https://registry.npmjs.org/' },
  ]);
});
