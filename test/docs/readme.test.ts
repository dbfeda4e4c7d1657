import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { readEnv, settingList, toConfig } from '../../src/config.ts';
import { parseRules } from '../../src/git/rules.ts';
import { agentFacts } from '../../src/task/agent-facts.ts';
import { builtInAgents } from '../../src/task/agents.ts';
import { parseCommand } from '../../src/task/command.ts';
import { withAgents } from './agents-table.ts';
import { withLimits } from './limits-table.ts';
import { settingsTable, withSettings } from './settings-table.ts';
import { journeyOf, withWays } from './ways-table.ts';

const root = resolve(import.meta.dirname, '../..');
const read = (name: string) => readFileSync(join(root, name), 'utf8');
const readme = read('README.md');

/** What the README shows as a file of this name: the block whose first line says so. */
function block(name: string): string {
  const found = Array.from(readme.matchAll(/```yaml\n(# (\S+)\n[\s\S]*?)```/g)).find(([, , title]) => title === name);
  if (found?.[1] === undefined) throw new Error(`README.md shows no ${name}`);
  return found[1];
}

describe('the settings in README.md', () => {
  // Written anew with `npx vitest run --project unit test/docs -u`.
  test('are those of the configuration, word for word', async () => {
    await expect(withAgents(withLimits(withWays(withSettings(readme))))).toMatchFileSnapshot(join(root, 'README.md'));
  });

  test('are all of them, each once', () => {
    const named = settingList.map(([, { variable, path }]) => variable ?? path);
    const rows = settingsTable().split('\n').slice(2);
    expect(rows.map((row) => /^\| (?:🔑 )?`([^`]+)`/.exec(row)?.[1])).toEqual(named);
  });

  test('are the only variables that it names', () => {
    const own = settingList.flatMap(([, { variable, fromFile }]) =>
      variable === null ? [] : [variable, ...(fromFile ? [`${variable}_FILE`] : [])],
    );
    const named = readme.matchAll(/\b(?:ERRAND|SLACK|GITHUB|REDIS|DOCKER|ANTHROPIC|OPENAI)_[A-Z_]+\b/g);
    expect([...new Set(Array.from(named, ([name]) => name))].filter((name) => !own.includes(name))).toEqual([]);
  });
});

test('each way in that README.md shows is gone in a journey', () => {
  const played = Object.values(journeyOf).filter((name) => existsSync(join(root, 'test/journeys', name, 'thread.txt')));
  expect(played).toEqual(Object.values(journeyOf));
});

describe('what README.md shows', () => {
  test('as errand.yml is a configuration without a problem', () => {
    const env = readEnv({ LLM_KEY: 'a key', DEEPSEEK_KEY: 'a key', DOCS_KEY: 'a key' });
    const yaml = block('errand.yml').replace('/run/secrets/azure-key', join(import.meta.dirname, 'readme.test.ts'));
    const config = toConfig(env, parse(yaml));
    expect(config.providers.get('inhouse')?.missing).toBe(null);
    expect(config.emoji.approve).toBe('ship');
  });

  test('as .errand.yml is read as it says', () => {
    expect(parseRules(block('.errand.yml'), 'acme/shop')).toMatchObject({ checks: ['npm test'] });
  });

  test('as the command is read as one', () => {
    const [, typed = ''] = /\| `\/agent (repo:[^`]+)`/.exec(readme) ?? [];
    expect(parseCommand(typed.replace('ID', 't000000').replace('model:…', 'model:claude-sonnet-5'))).toMatchObject({
      type: 'task',
      task: { repositories: ['owner/name'], base: 'main', agent: 'claude', budgetUsd: 5, text: 'what to do' },
    });
    expect(parseCommand('stop the retries in checkout').type).toBe('task');
  });

  test('of agents is what ships, each with its facts', () => {
    const speaking = Object.entries(builtInAgents).flatMap(([name, { type }]) => (type === 'acp' ? [name] : []));
    expect(Object.keys(agentFacts)).toEqual(speaking);
  });

  test('of scopes is what the manifest asks for', () => {
    const manifest = z
      .object({ oauth_config: z.object({ scopes: z.object({ bot: z.array(z.string()) }) }) })
      .parse(parse(read('manifest.yml')));
    const rows = readme.match(/^\| `[a-z_]+(?::[a-z]+)?`.*\|$/gm) ?? [];
    const table = rows.join('\n');
    const { bot } = manifest.oauth_config.scopes;
    expect(bot.filter((scope) => !table.includes(`\`${scope}\``))).toEqual([]);
    const shown = Array.from(table.matchAll(/`([a-z_]+:[a-z]+)`/g), ([, scope]) => scope);
    expect(shown.filter((scope) => scope !== undefined && !bot.includes(scope))).toEqual([]);
  });
});
