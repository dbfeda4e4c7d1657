import { describe, expect, test } from 'vitest';
import { type Network, presets } from '../../src/task/network.ts';
import { plainRepository } from '../../src/task/policy.ts';
import { asksBeyond, chooseNetwork, reachOf } from '../../src/task/reach.ts';
import type { Task } from '../../src/task/task.ts';
import { alice, repository, task } from './example.ts';

const hosts = (...names: string[]): Network => ({ ...presets.model, hosts: names });
const nothingSaid = { network: null, allow: null };

function reach(ceiling: Network, more: Partial<Pick<Task, 'network' | 'allowed'>> = {}, file: object = {}): Network {
  const policy = { repositories: [{ ...plainRepository(repository), network: ceiling }] };
  return reachOf(policy, { ...task(), ...more }, [{ ...nothingSaid, ...file }]);
}

describe('a run reaches', () => {
  test('what the operator opens, where nobody narrows it', () => {
    expect(reach(presets.registries)).toEqual(presets.registries);
  });

  test('only what the request and `.errand.yml` leave of that', () => {
    expect(reach(presets.open, { network: presets.registries }, { network: hosts('a.example') })).toEqual(
      presets.model,
    );
    expect(reach(hosts('a.example', 'b.example'), {}, { allow: ['b.example', 'c.example'] })).toEqual(
      hosts('b.example'),
    );
    expect(reach(presets.registries, {}, { allow: [] })).toEqual(presets.registries);
  });

  const allowed = [{ host: 'docs.example', by: alice, byName: 'Alice', runs: 1 }];

  test('a host that somebody allowed for the task', () => {
    expect(reach(presets.model, { allowed })).toEqual(hosts('docs.example'));
  });

  test('nothing where the operator turned it off, whatever somebody allowed', () => {
    expect(reach(presets.off, { allowed })).toEqual(presets.off);
  });

  test('nothing for a repository that the configuration has no more', () => {
    expect(reachOf({ repositories: [] }, task(), [])).toEqual(presets.off);
  });
});

test('of several repositories each has to allow it', () => {
  const [first] = task().parts;
  const other = { ...first, repository: 'acme/other' as typeof repository };
  const policy = {
    repositories: [
      { ...plainRepository(repository), network: presets.open },
      { ...plainRepository(other.repository), network: hosts('a.example') },
    ],
  };
  expect(reachOf(policy, { ...task(), parts: [first, other] }, [])).toEqual(hosts('a.example'));
});

test('what `.errand.yml` asks for beyond the ceiling is named', () => {
  expect(asksBeyond(hosts('a.example'), { network: presets.registries, allow: ['a.example', 'b.example'] })).toEqual([
    'package registries',
    'b.example',
  ]);
  expect(asksBeyond(presets.model, nothingSaid)).toEqual([]);
});

test('a request that asks for more than is open is refused, and one for less is not', () => {
  const repositories = [{ network: hosts('a.example') }];
  expect(chooseNetwork(repositories, presets.off)).toEqual({ ok: true, value: presets.off });
  expect(chooseNetwork(repositories, null)).toEqual({ ok: true, value: null });
  expect(chooseNetwork(repositories, hosts('a.example', 'b.example'))).toMatchObject({
    failure: { sentence: 'net: asks for b.example, but a task here may reach the model, a.example.' },
  });
  expect(chooseNetwork([{ network: presets.off }], presets.model)).toMatchObject({ ok: true });
});
