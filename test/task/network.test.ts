import { describe, expect, test } from 'vitest';
import {
  allOf,
  beyond,
  isHostName,
  type Network,
  narrowed,
  networkWords,
  presets,
  readNetwork,
} from '../../src/task/network.ts';

const docs: Network = { model: true, registries: false, hosts: ['docs.example.com'] };

describe('the words of a network', () => {
  test.each<[string, Network]>([
    ['off', presets.off],
    ['model', presets.model],
    ['registries', presets.registries],
    ['open', presets.open],
    ['docs.example.com', docs],
    ['registries,docs.example.com', { ...docs, registries: true }],
    ['open,docs.example.com', presets.open],
  ])('%s', (words, network) => {
    expect(readNetwork(words.split(','))).toEqual(network);
  });

  test.each([
    '',
    'everything',
    'off,docs.example.com',
    'localhost',
    '10.0.0.1',
    '0x7f.1',
    '*.example.com',
    'Docs.example.com',
    'a.b:443',
  ])('%j are none', (words) => {
    expect(readNetwork(words.split(','))).toBeUndefined();
  });
});

test.each(['169.254.169.254', '1.2.3.0x7f', 'user@example.com', 'example.com.', 'a..b', '-a.example'])(
  '%s is no name of a host',
  (text) => {
    expect(isHostName(text)).toBe(false);
  },
);

describe('narrowing', () => {
  const all = [...Object.values(presets), docs, { ...docs, registries: true, hosts: ['other.example.com'] }];

  test('never opens anything', () => {
    for (const one of all) for (const other of all) expect(beyond(narrowed(one, other), one)).toEqual([]);
  });

  test('is the same whichever comes first', () => {
    for (const one of all) for (const other of all) expect(narrowed(one, other)).toEqual(narrowed(other, one));
  });

  test('by nobody leaves everything', () => {
    expect(allOf([])).toEqual(presets.open);
  });
});

test('what goes beyond is said in words', () => {
  expect(beyond(presets.open, presets.off)).toEqual(['a model', 'package registries', 'every public host']);
  expect(beyond({ ...docs, registries: true }, presets.model)).toEqual(['package registries', 'docs.example.com']);
  expect(networkWords({ ...docs, registries: true })).toBe('the model, package registries, to read, docs.example.com');
  expect(networkWords(presets.off)).toBe('nothing');
});
