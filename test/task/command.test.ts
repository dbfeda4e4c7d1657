import { describe, expect, test } from 'vitest';
import { type Command, parseCommand, type TaskCommand } from '../../src/task/command.ts';
import { presets } from '../../src/task/network.ts';

const bare: Record<keyof TaskCommand, string | number | object | null> = {
  text: '',
  repositories: [],
  base: null,
  agent: null,
  model: null,
  attempts: null,
  budgetUsd: null,
  network: null,
  environment: null,
};

const task = (fields: Partial<Record<keyof TaskCommand, string | number | object>>) => ({
  type: 'task',
  task: { ...bare, ...fields },
});

describe('parseCommand', () => {
  test.each<[string, unknown]>([
    ['', { type: 'empty' }],
    ['  \n ', { type: 'empty' }],
    ['help', { type: 'help' }],
    ['Help', { type: 'help' }],
    ['list', { type: 'list' }],
    ['usage', { type: 'usage' }],
    ['usage t4k2m9x', { type: 'status', task: 't4k2m9x' }],
    ['status', { type: 'status', task: null }],
    ['status t4k2m9x', { type: 'status', task: 't4k2m9x' }],
    ['list t4k2m9x', { type: 'status', task: 't4k2m9x' }],
    ['stop', { type: 'stop', task: null }],
    ['stop t4k2m9x', { type: 'stop', task: 't4k2m9x' }],
    ['STOP T4K2M9X ', { type: 'stop', task: 't4k2m9x' }],
    ['retry t4k2m9x', { type: 'retry', task: 't4k2m9x' }],
  ])('%j is a verb', (typed, command) => {
    expect(parseCommand(typed)).toEqual(command);
  });

  test.each([
    'stop the retries in checkout',
    'stop retries',
    'stop t4k2m9x and start again',
    'retry failed uploads three times',
    'list open invoices on the dashboard',
    'usage of the old client goes away',
    'status page shows the wrong colour',
    'help new people find the docs',
    'status t123',
    'digest',
    'audit the login page',
    'env',
    'ask why the build is slow',
    'plan the migration',
    'research caching',
    'config',
    'fix: the flaky checkout test',
    'model: the order model loses its currency',
    'look at repo:acme/web and agent:claude',
    'https://example.com/a?repo=acme/web is broken',
    'repository:acme/web fix it',
  ])('%j is the text of a task', (typed) => {
    expect(parseCommand(typed)).toEqual(task({ text: typed }));
  });

  test.each<[string, unknown]>([
    ['repo:acme/web fix it', task({ repositories: ['acme/web'], text: 'fix it' })],
    ['repo=acme/web fix it', task({ repositories: ['acme/web'], text: 'fix it' })],
    [
      'Repo:acme/web  branch:release/2.1 fix it',
      task({ repositories: ['acme/web'], base: 'release/2.1', text: 'fix it' }),
    ],
    [
      'agent:Codex model:openai/gpt-5.2 attempts:3 budget:$2.50 net:registries env:node24 fix it',
      task({
        agent: 'codex',
        model: 'openai/gpt-5.2',
        attempts: 3,
        budgetUsd: 2.5,
        network: presets.registries,
        environment: 'node24',
        text: 'fix it',
      }),
    ],
    ['repo:acme/web repo:acme/api fix it', task({ repositories: ['acme/api'], text: 'fix it' })],
    ['repo:acme/web,acme/api fix it', task({ repositories: ['acme/web', 'acme/api'], text: 'fix it' })],
    ['repo:shop,acme/web fix it', task({ repositories: ['shop', 'acme/web'], text: 'fix it' })],
    ['repo:acme/web status', task({ repositories: ['acme/web'], text: 'status' })],
    ['repo:acme/web fix repo:acme/api', task({ repositories: ['acme/web'], text: 'fix repo:acme/api' })],
    ['agent:shell\n```sh\nmake fmt\n```', task({ agent: 'shell', text: '```sh\nmake fmt\n```' })],
  ])('%j has keys at its start', (typed, command) => {
    expect(parseCommand(typed)).toEqual(command);
  });

  test.each<[string, string]>([
    [
      'repo:/web fix it',
      "repo:/web can't be used: it must be a repository as owner/name, the name of a group, or several with commas between.",
    ],
    [
      'repo:acme/web,-api fix it',
      "repo:acme/web,-api can't be used: it must be a repository as owner/name, the name of a group, or several with commas between.",
    ],
    [
      'repo:acme/.. fix it',
      "repo:acme/.. can't be used: it must be a repository as owner/name, the name of a group, or several with commas between.",
    ],
    ['branch:-f fix it', "branch:-f can't be used: it must be the name of a branch."],
    ['budget:lots fix it', "budget:lots can't be used: it must be dollars, such as 5 or 2.50."],
    ['budget:0 fix it', "budget:0 can't be used: it must be dollars, such as 5 or 2.50."],
    ['attempts:9 fix it', "attempts:9 can't be used: it must be a number from 1 to 4."],
    ['agent:$(id) fix it', "agent:$(id) can't be used: it must be the name of an agent."],
    ['repo:acme/web', 'There are settings here, but nothing to do.'],
  ])('%j is refused with a clear sentence, and its text is kept', (typed, sentence) => {
    const command: Command = parseCommand(typed);
    expect(command).toMatchObject({ type: 'invalid', sentence, text: typed });
  });
});
