import { expect, test } from 'vitest';
import { readPackageManagers } from '../../src/sandbox/registries.ts';

test('a module proxy of Go’s, which asks any host that a path names, is no registry of an image', () => {
  const said = 'npm https://packages.example/\ngo https://modules.example,direct\n';
  expect(readPackageManagers(said).registries).toEqual([
    { name: 'npm', kind: 'npm', url: 'https://packages.example/' },
  ]);
});
