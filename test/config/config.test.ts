import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { secretsOf } from '../../src/config/secrets.ts';
import type { ProcessName } from '../../src/config/settings.ts';
import { ConfigError, childEnv, readConfig, readEnv, settingList, toConfig } from '../../src/config.ts';

const folder = mkdtempSync(join(tmpdir(), 'errand-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

const host = { cores: 2, memoryBytes: 8 * 2 ** 30 };

function config(variables: Record<string, string> = {}, yaml?: string, process?: ProcessName) {
  const options = process === undefined ? { host } : { host, process };
  return toConfig(readEnv(variables), yaml === undefined ? undefined : parse(yaml), options);
}

/** The lines of the one error, each as a person reads it. */
function problemsOf(variables: Record<string, string>, yaml?: string): string[] {
  try {
    config(variables, yaml);
  } catch (error) {
    if (error instanceof ConfigError)
      return error.message
        .split('\n')
        .slice(1)
        .map((line) => line.trim());
    throw error;
  }
  return [];
}

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe('a configuration', () => {
  it('knows every secret that can be set, so that none leaves in a log', () => {
    const secrets = settingList.flatMap(([, { variable, secret }]) => (secret && variable !== null ? [variable] : []));
    const app = ['GITHUB_APP_ID', 'GITHUB_APP_PRIVATE_KEY'];
    const given = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, `canary of ${name}`]));
    const known = [
      ...secretsOf(config(given(secrets.filter((name) => !app.includes(name))))),
      ...secretsOf(config(given(app))),
    ];
    expect(known).toEqual(expect.arrayContaining(secrets.map((name) => `canary of ${name}`)));
  });

  it('needs nothing: Slack and GitHub are local then, and the limits fit the machine', () => {
    expect(config()).toMatchObject({
      role: 'all',
      slack: { mode: 'local', port: 3000, apiUrl: 'https://slack.com/api/', command: '/agent' },
      github: { mode: 'local', apiUrl: 'https://api.github.com', url: 'https://github.com' },
      redis: { url: null },
      docker: { host: null },
      sandbox: { runtime: 'auto' },
      repositories: [],
      people: { requesters: [], approvers: [], selfApproval: false },
      budget: { usd: 5, tokens: 20e6, minutes: 30, taskMinutes: 240 },
      maxBudgetUsd: 5,
      day: {
        person: { usd: 50, tokens: 200e6 },
        everybody: { usd: 200, tokens: 800e6 },
        timeZone: 'UTC',
      },
      limits: { memoryBytes: 2 ** 31, cpus: 2, pids: 512, workspaceBytes: 8 * 2 ** 30, runMs: 1_800_000 },
      concurrency: 2,
      logLevel: 'info',
    });
    expect(config().providers.get('anthropic')).toEqual({
      name: 'anthropic',
      kind: 'anthropic',
      baseUrl: 'https://api.anthropic.com',
      apis: ['messages'],
      key: null,
      shape: {},
      prices: {},
      model: null,
      standardModel: 'claude-sonnet-5',
      missing: 'ANTHROPIC_API_KEY',
    });
    expect(config().providers.get('openai')?.baseUrl).toBe('https://api.openai.com/v1');
  });

  it.each([
    [{ cores: 1, memoryBytes: 2 ** 30 }, 1, 2 ** 29],
    [{ cores: 16, memoryBytes: 64 * 2 ** 30 }, 4, 4 * 2 ** 30],
    [{ cores: 4, memoryBytes: 2 ** 31 }, 3, 2 ** 29],
  ])('fits %o: %i runs of %i bytes', (machine, concurrency, memoryBytes) => {
    expect(toConfig(readEnv({}), undefined, { host: machine })).toMatchObject({ concurrency, limits: { memoryBytes } });
  });

  it('tells all that is wrong at once, each with what was found and how to write it', () => {
    expect(
      problemsOf({ ERRAND_CONCURRENCY: 'lots', PORT: '99999', ERRAND_REPOSITORIES: 'shop', GITHUB_API_URL: 'github' }),
    ).toEqual([
      'PORT: must be a whole number from 1 to 65535, found "99999"; for example PORT=8080',
      'GITHUB_API_URL: must be a URL that begins with http:// or https://, found "github"; for example GITHUB_API_URL=https://github.example.com/api/v3',
      'ERRAND_REPOSITORIES: must be a list of owner/name, separated by commas, found "shop"; for example ERRAND_REPOSITORIES=acme/shop,acme/website',
      'ERRAND_CONCURRENCY: must be a whole number from 1 to 64, found "lots"; for example ERRAND_CONCURRENCY=4',
    ]);
  });

  it('takes an empty variable for one that is not set', () => {
    expect(config({ SLACK_BOT_TOKEN: '', ERRAND_CONCURRENCY: ' ' }).slack.mode).toBe('local');
  });

  it('finds misspelt variables of its own, and leaves those of others alone', () => {
    expect(problemsOf({ ERRAND_CONCURENCY: '4', SOMETHING: 'else' })).toEqual([
      'ERRAND_CONCURENCY: is not a setting; did you mean ERRAND_CONCURRENCY?',
    ]);
  });

  it('documents every setting with an example that it accepts', () => {
    for (const [name, { kind, example, meaning }] of settingList) {
      expect(kind.schema.safeParse(example).success, name).toBe(true);
      expect(meaning, name).toMatch(/\.$/);
    }
  });
});

describe('Slack', () => {
  it('is reached by Socket Mode with an app token, by HTTP with a signing secret', () => {
    const bot = { SLACK_BOT_TOKEN: 'opaque' };
    expect(config({ ...bot, SLACK_APP_TOKEN: 'x', SLACK_SIGNING_SECRET: 'y' }).slack.mode).toBe('socket');
    expect(config({ ...bot, SLACK_SIGNING_SECRET: 'y', PORT: '8080' }).slack).toMatchObject({
      mode: 'http',
      port: 8080,
    });
  });

  it.each([
    [{ SLACK_BOT_TOKEN: 'x' }, 'SLACK_APP_TOKEN: is missing beside SLACK_BOT_TOKEN'],
    [{ SLACK_APP_TOKEN: 'x' }, 'SLACK_BOT_TOKEN: is missing beside SLACK_APP_TOKEN'],
    [{ SLACK_SIGNING_SECRET: 'x' }, 'SLACK_BOT_TOKEN: is missing beside SLACK_SIGNING_SECRET'],
  ])('needs all of its credentials: %o', (variables, problem) => {
    expect(problemsOf(variables)).toEqual([expect.stringContaining(problem)]);
  });
});

describe('GitHub', () => {
  it('takes a token or an app, whose key may be written in one line', () => {
    expect(config({ GITHUB_TOKEN: 'opaque' }).github).toMatchObject({ mode: 'token', token: 'opaque' });
    const app = { GITHUB_APP_ID: '12', GITHUB_APP_PRIVATE_KEY: 'BEGIN\\nEND' };
    expect(config(app).github).toMatchObject({ mode: 'app', appId: '12', privateKey: 'BEGIN\nEND' });
  });

  it.each([
    [{ GITHUB_APP_ID: '12' }, 'GITHUB_APP_PRIVATE_KEY: is missing beside GITHUB_APP_ID'],
    [{ GITHUB_APP_PRIVATE_KEY: 'x' }, 'GITHUB_APP_ID: is missing beside GITHUB_APP_PRIVATE_KEY'],
    [
      { GITHUB_TOKEN: 'x', GITHUB_APP_ID: '1', GITHUB_APP_PRIVATE_KEY: 'x' },
      'GITHUB_TOKEN: is set beside a GitHub App',
    ],
  ])('refuses half of one and both at once: %o', (variables, problem) => {
    expect(problemsOf(variables)).toEqual([expect.stringContaining(problem)]);
  });
});

describe('secrets', () => {
  it('can stand in files', () => {
    const variables = { SLACK_BOT_TOKEN_FILE: file('bot', 'opaque\n'), SLACK_APP_TOKEN: 'x' };
    expect(config(variables).slack.botToken).toBe('opaque');
  });

  it('that can’t be read, are empty, or are given twice are problems', () => {
    expect(
      problemsOf({
        GITHUB_TOKEN_FILE: join(folder, 'none'),
        ANTHROPIC_API_KEY_FILE: file('empty', '\n'),
        OPENAI_API_KEY: 'x',
        OPENAI_API_KEY_FILE: file('key', 'y'),
      }),
    ).toEqual([
      expect.stringMatching(/^GITHUB_TOKEN_FILE: names a file that can’t be read: ENOENT/),
      expect.stringMatching(/^ANTHROPIC_API_KEY_FILE: names the file .* which is empty/),
      'OPENAI_API_KEY_FILE: is set beside OPENAI_API_KEY; one of them is enough',
    ]);
  });

  it('are never said in an error, and never stand in the YAML file itself', () => {
    const problems = problemsOf({}, 'slack: { botToken: opaque-secret }');
    expect(problems).toEqual(['slack.botToken: is not a setting; did you mean botTokenFile?']);
    expect(problems.join()).not.toContain('opaque-secret');
  });

  const given = {
    SLACK_BOT_TOKEN: 'slack-secret',
    SLACK_APP_TOKEN: 'app-secret',
    GITHUB_TOKEN_FILE: file('github', 'github-secret'),
    ANTHROPIC_API_KEY: 'model-secret',
    LLM_KEY: 'other-secret',
    REDIS_URL: 'redis://:redis-secret@localhost',
    DOCKER_HOST: 'unix:///run/docker.sock',
    PATH: '/usr/bin',
    AWS_SECRET_ACCESS_KEY: 'foreign-secret',
    https_proxy: 'http://proxy.example.com:1',
  };
  const yaml = 'providers: { own: { kind: openai, baseUrl: "http://llm.example.com/v1", keyVariable: LLM_KEY } }';

  it.each([
    ['bot', ['slack-secret', 'app-secret', 'redis://:redis-secret@localhost']],
    ['worker', ['github-secret', 'redis://:redis-secret@localhost']],
    ['broker', []],
    ['gateway', ['model-secret', 'other-secret']],
    ['local', []],
  ] as const)('reach the %s only where they are its own', (process, secrets) => {
    const env = readEnv(given);
    const child = childEnv(env, toConfig(env, parse(yaml), { host }), process);
    expect(Object.values(child).filter((value) => value.includes('secret'))).toEqual([...secrets]);
    expect(child).toMatchObject({ PATH: '/usr/bin', HTTPS_PROXY: 'http://proxy.example.com:1' });
    expect(child.DOCKER_HOST).toBe(process === 'broker' ? 'unix:///run/docker.sock' : undefined);
  });

  it('that a child may not have don’t make its configuration wrong, nor its agents missing', () => {
    const env = readEnv(given);
    const child = childEnv(env, toConfig(env, parse(yaml), { host }), 'bot');
    const seen = toConfig(readEnv(child), parse(yaml), { host, process: 'bot' });
    expect(seen.slack.mode).toBe('socket');
    expect(seen.providers.get('anthropic')).toMatchObject({ key: null, missing: null });
    expect(seen.providers.get('openai')).toMatchObject({ key: null, missing: 'OPENAI_API_KEY' });
    expect(seen.providers.get('own')).toMatchObject({ key: null, missing: null });
  });

  it('of another process are not even read from the files that the YAML file names', () => {
    const worker = config({}, `slack: { botTokenFile: ${file('b', 'x')}, appTokenFile: /nowhere }`, 'worker');
    expect(worker.slack.botToken).toBeNull();
  });
});

describe('secrets of set-up scripts', () => {
  const yaml = `
    repositories:
      acme/shop:
        setup:
          secrets:
            FROM_VARIABLE: SHOP_TOKEN
            FROM_FILE: ${file('setup-token', 'a-token-in-a-file\n')}
            GONE: SHOP_GONE
            NOWHERE: /nowhere
            SHORT: SHOP_SHORT
  `;
  const given = { SHOP_TOKEN: 'a-token-in-a-variable', SHOP_SHORT: 'abc' };
  const secretsOf = (process?: ProcessName) => config(given, yaml, process).repositories[0]?.setup.secrets;

  it('are read from a variable or a file, and what is wrong with one is told', () => {
    expect(secretsOf()).toEqual(
      new Map([
        ['FROM_VARIABLE', { source: 'SHOP_TOKEN', value: 'a-token-in-a-variable', missing: null }],
        ['FROM_FILE', { source: join(folder, 'setup-token'), value: 'a-token-in-a-file', missing: null }],
        ['GONE', { source: 'SHOP_GONE', value: null, missing: 'is not set' }],
        ['NOWHERE', { source: '/nowhere', value: null, missing: 'can’t be read (ENOENT)' }],
        [
          'SHORT',
          { source: 'SHOP_SHORT', value: null, missing: 'has fewer than 8 characters, too few to be looked for' },
        ],
      ]),
    );
  });

  it.each(['bot', 'worker', 'gateway', 'local'] as const)('are not known to the %s', (process) => {
    expect([...(secretsOf(process)?.values() ?? [])].map(({ value }) => value)).toEqual(Array(5).fill(null));
    const child = childEnv(readEnv(given), config(given, yaml), process);
    expect(JSON.stringify(child)).not.toContain('a-token');
  });

  it('can’t stand in for what a program of ours is steered by', () => {
    const steered = 'repositories: { acme/shop: { setup: { secrets: { LD_PRELOAD: SHOP_TOKEN } } } }';
    expect(problemsOf({}, steered)[0]).toContain('repositories.acme/shop.setup.secrets: must be a mapping of names');
  });
});

describe('the YAML file', () => {
  it('says all that the environment can, and more; the environment goes first', () => {
    const yaml = `
      role: worker
      slack: { command: /errand, port: 4000 }
      github: { tokenFile: ${file('token', 'opaque')} }
      git: { signingKeyFile: ${file('signing', 'opaque too')}, committer: 'Errand <7+errand@users.noreply.github.com>' }
      people: { U012AB3CD: { github: octocat, email: mona@example.com } }
      requesters: [U012AB3CD]
      selfApproval: true
      limits: { concurrency: 3, runMinutes: 45, taskMinutes: none, budgetUsd: none, budgetTokens: 1.5M, personDayUsd: 7, dayTokens: none, timeZone: Europe/Berlin, memory: 2GiB, cpus: 1.5, pids: 256, workspace: 512m }
      emoji: { approve: ship }
      repositories:
        acme/shop:
          id: 4711
          base: trunk
          agent: mine
          model: house-2
          provider: own
          environment: java
          network: [docs.example.com]
          approvers: [S0614TZR7]
          budgetUsd: 9
          budgetTokens: 500k
          maxBudgetUsd: 30
          merge: { method: squash, selfApproval: false }
          pullRequest: { draft: true }
          ci: hold
          setup: { secrets: { NPM_TOKEN: SHOP_TOKEN }, network: [packages.example.com], minutes: 20, branches: [release] }
      channels:
        C024BE91L: { repository: acme/shop, agent: codex, model: gpt-5.5 }
      agents:
        mine: { command: [my-agent, --acp], provider: own, env: { A: b } }
        opencode: { provider: azure, model: gpt-5.5 }
      providers:
        own:
          kind: openai
          baseUrl: http://llm.example.com/v1/
          prices: { our-model: { input: 1, output: 4 } }
        azure:
          kind: openai
          baseUrl: https://acme.azure.example
          apis: [chat]
          paths: { chat: '/openai/deployments/{model}/chat/completions', models: none }
          query: { api-version: '2026-10-01' }
          authHeader: API-Key
          headers: { X-Team: shop }
          keyVariable: AZURE_KEY
      environments: { java: 'acme/errand-java:3' }
      groups: { storefront: [acme/shop, acme/website] }
    `;
    const read = config({ ERRAND_CONCURRENCY: '2', ERRAND_REPOSITORIES: 'acme/website,acme/shop' }, yaml);
    expect(read).toMatchObject({
      role: 'worker',
      slack: { command: '/errand', port: 4000 },
      github: { mode: 'token', token: 'opaque' },
      git: {
        signingKey: 'opaque too',
        committer: { name: 'Errand', email: '7+errand@users.noreply.github.com' },
      },
      people: { requesters: ['U012AB3CD'], selfApproval: true },
      concurrency: 2,
      budget: { usd: null, tokens: 1_500_000, minutes: 45, taskMinutes: null },
      maxBudgetUsd: null,
      day: { person: { usd: 7, tokens: 200e6 }, everybody: { usd: 200, tokens: null }, timeZone: 'Europe/Berlin' },
      limits: { memoryBytes: 2 ** 31, cpus: 1.5, pids: 256, workspaceBytes: 2 ** 29, runMs: 2_700_000 },
      emoji: { approve: 'ship', stop: 'octagonal_sign' },
    });
    expect(read.repositories).toEqual([
      {
        name: 'acme/shop',
        id: 4711,
        base: 'trunk',
        agent: 'mine',
        model: 'house-2',
        provider: 'own',
        environment: 'java',
        network: { model: true, registries: false, hosts: ['docs.example.com'] },
        approvers: ['S0614TZR7'],
        budgetUsd: 9,
        budgetTokens: 500_000,
        maxBudgetUsd: 30,
        merge: { method: 'squash', selfApproval: false },
        workflows: false,
        pullRequest: { draft: true },
        holdCi: true,
        setup: {
          secrets: new Map([['NPM_TOKEN', { source: 'SHOP_TOKEN', value: null, missing: 'is not set' }]]),
          network: ['packages.example.com'],
          minutes: 20,
          branches: ['release'],
        },
      },
      expect.objectContaining({ name: 'acme/website', base: null, merge: { method: null, selfApproval: null } }),
    ]);
    expect([...read.accounts]).toEqual([['U012AB3CD', { login: 'octocat', name: null, email: 'mona@example.com' }]]);
    expect([...read.channels]).toEqual([
      ['C024BE91L', { repository: 'acme/shop', agent: 'codex', model: 'gpt-5.5', provider: null }],
    ]);
    expect([...read.agents.keys()]).toEqual(['mine', 'claude', 'codex', 'opencode', 'qwen', 'shell']);
    expect(read.agents.get('mine')).toMatchObject({
      agent: { command: ['my-agent', '--acp'], provider: 'own' },
      model: null,
    });
    expect(read.agents.get('opencode')).toMatchObject({ agent: { provider: 'azure' }, model: 'gpt-5.5' });
    expect(read.providers.get('azure')).toMatchObject({
      apis: ['chat'],
      missing: 'AZURE_KEY',
      shape: {
        auth: { header: 'api-key', scheme: null },
        paths: { chat: '/openai/deployments/{model}/chat/completions', models: null },
        query: { 'api-version': '2026-10-01' },
        headers: { 'x-team': 'shop' },
      },
    });
    expect(read.providers.get('own')).toMatchObject({
      baseUrl: 'http://llm.example.com/v1',
      prices: { 'our-model': { input: 1, output: 4 } },
      missing: null,
    });
    expect(read.environments.get('java')).toBe('acme/errand-java:3');
    expect(read.groups.get('storefront')).toEqual(['acme/shop', 'acme/website']);
  });

  it('takes as a group only repositories that are there, and no more than a task may have', () => {
    const found = problemsOf(
      {},
      `
      repositories: [a/1, a/2, a/3, a/4, a/5, a/6]
      groups: { all: [a/1, a/2, a/3, a/4, a/5, a/6], odd: [a/1, a/9], 'a/b': [a/1] }
    `,
    );
    expect(found).toEqual([
      'groups.a/b: its name must be a name without a slash',
      'groups.all: names more than 5 repositories',
      'groups.odd: names no repository: a/9; known: a/1, a/2, a/3, a/4, a/5, a/6',
    ]);
  });

  it.each([
    [{}, 'https://github.com', 'https://api.github.com'],
    [{ GITHUB_URL: 'https://git.acme.example/' }, 'https://git.acme.example', 'https://git.acme.example/api/v3'],
    [
      { GITHUB_API_URL: 'https://git.acme.example/api/v3/' },
      'https://git.acme.example',
      'https://git.acme.example/api/v3',
    ],
    [{ GITHUB_URL: 'https://acme.ghe.com' }, 'https://acme.ghe.com', 'https://api.acme.ghe.com'],
    [{ GITHUB_API_URL: 'https://api.acme.ghe.com' }, 'https://acme.ghe.com', 'https://api.acme.ghe.com'],
  ])('takes what belongs together of GitHub’s addresses: %o', (env, url, apiUrl) => {
    expect(config(env).github).toMatchObject({ url, apiUrl });
  });

  it.each([
    ['limits: { budgetUsd: 9, maxBudgetUsd: 8 }', /limits\.maxBudgetUsd.*no less than limits\.budgetUsd, which is 9/],
    [
      'limits: { budgetUsd: none, maxBudgetUsd: 8 }',
      /limits\.maxBudgetUsd.*no less than limits\.budgetUsd, which is none/,
    ],
    ['limits: { timeZone: Mars/Olympus }', /limits\.timeZone.*the name of a time zone/],
    ['limits: { dayTokens: plenty }', /limits\.dayTokens.*a number of tokens above 0/],
    ['limits: { taskMinutes: 0 }', /limits\.taskMinutes.*a number of minutes above 0/],
    [
      'providers: { own: { kind: openai, baseUrl: "http://x.example", prices: { a: { input: 1 } } } }',
      /prices.*input, output/,
    ],
  ])('refuses %j, with what it must be', (yaml, problem) => {
    expect(JSON.stringify(problemsOf({}, yaml)).replaceAll('","', ' ')).toMatch(problem);
  });

  it('takes a plain list of repositories', () => {
    expect(config({}, 'repositories: [acme/shop]').repositories.map(({ name }) => name)).toEqual(['acme/shop']);
  });

  it('has every unknown name told, with the nearest known one', () => {
    expect(
      problemsOf(
        {},
        'repositorys: {}\nlimits: { memroy: 1g }\nrepositories: { acme/shop: { branch: main, bas: main } }',
      ),
    ).toEqual([
      'repositorys: is not a setting; did you mean repositories?',
      'limits.memroy: is not a setting; did you mean memory?',
      expect.stringMatching(/^repositories\.acme\/shop\.branch: is not a setting; /),
      'repositories.acme/shop.bas: is not a setting; did you mean base?',
    ]);
  });

  it('is refused where one reaction would mean two things', () => {
    expect(problemsOf({}, 'emoji: { approve: ":Repeat:" }')).toEqual([
      'emoji.retry: is the same reaction as emoji.approve',
    ]);
  });

  it('is refused where a value or a name can’t be', () => {
    const yaml = `
      limits: { memory: 1 }
      emoji: no
      repositories: { shop: {}, acme/shop: { agent: clod, network: ['*.example.com'], environment: go } }
      channels: { general: {}, C024BE91L: { repository: acme/other } }
      agents: { mine: { command: x, provider: anthropic }, yours: { command: [x], provider: none } }
      providers: { own: { kind: gemini, baseUrl: http://x } }
    `;
    expect(problemsOf({}, yaml).map((line) => line.split(';')[0])).toEqual([
      'emoji: must be a mapping, found "no"',
      'repositories.shop: its name must be owner/name',
      'repositories.acme/shop.network: must be one of off, model, registries and open, exact host names, or both, found ["*.example.com"]',
      'channels.general: its name must be a channel id',
      'agents.mine.command: must be a list of words, the program first, found "x"',
      'providers.own.kind: must be one of anthropic, openai, found "gemini"',
      'limits.memory: must be a size of at least 128MiB, found 1',
      'providers.own: needs a kind and a baseUrl',
      'agents.mine: needs a command and a provider',
      'repositories.acme/shop.agent: names no agent: clod',
      'repositories.acme/shop.environment: names no environment: go',
      'channels.C024BE91L.repository: names no repository: acme/other',
      'agents.yours.provider: names no provider: none',
    ]);
  });

  it('is refused where an agent can’t speak to its provider, or a key stands where everybody reads it', () => {
    const yaml = `
      agents:
        codex: { provider: vllm }
        claude: { command: [evil] }
        shell: { provider: vllm }
      repositories: { acme/shop: { agent: claude, provider: vllm } }
      channels: { C024BE91L: { provider: nowhere } }
      providers:
        vllm: { kind: openai, baseUrl: http://vllm/v1, apis: [chat], headers: { Authorization: secret } }
        mcp: { kind: openai, baseUrl: http://x/v1 }
        anthropic: { kind: openai, paths: { messages: /a/../b } }
    `;
    expect(problemsOf({}, yaml).map((line) => line.split('; for example')[0])).toEqual([
      expect.stringMatching(/^providers.vllm.headers: must be a mapping of header names to texts; a key belongs/),
      'providers.mcp: its name must be small letters, digits and hyphens, and not mcp',
      expect.stringMatching(/^providers.anthropic.paths: must be/),
      'providers.anthropic.kind: is always anthropic; give a provider of yours another name',
      'agents.claude.command: can’t be set: claude ships with Errand; give an agent of yours another name',
      'agents.shell: runs scripts and has no model',
      'repositories.acme/shop.provider: names vllm, which offers OpenAI’s Chat Completions; claude needs Anthropic’s Messages',
      'channels.C024BE91L.provider: names no provider: nowhere; known: anthropic, openai, vllm',
      'agents.codex.provider: names vllm, which offers OpenAI’s Chat Completions; codex needs OpenAI’s Responses',
    ]);
  });

  it('is named by ERRAND_CONFIG, and one that can’t be read is a problem', () => {
    const path = file('errand.yml', 'logLevel: debug\n');
    expect(readConfig(undefined, { ERRAND_CONFIG: path }).config.logLevel).toBe('debug');
    expect(() => readConfig(undefined, { ERRAND_CONFIG: file('bad.yml', 'a: [') })).toThrow(/can’t be read as YAML/);
    expect(() => readConfig(undefined, { ERRAND_CONFIG: join(folder, 'no') })).toThrow(/ENOENT/);
  });
});

describe('secrets in files', () => {
  it('stand for addresses with a password and for variables of the YAML’s own naming, too', () => {
    const yaml = `
      providers: { inhouse: { kind: openai, baseUrl: http://llm.example, keyVariable: LLM_KEY } }
      repositories: { acme/shop: { setup: { secrets: { NPM_TOKEN: SHOP_TOKEN } } } }
    `;
    const { config } = readConfig(undefined, {
      ERRAND_CONFIG: file('errand.yml', yaml),
      REDIS_URL_FILE: file('redis', 'redis://u:p@redis.example:6379\n'),
      HTTPS_PROXY_FILE: file('proxy', 'http://u:p@proxy.example:3128\n'),
      LLM_KEY_FILE: file('llm', 'a key\n'),
      SHOP_TOKEN_FILE: file('shop', 'a token of some length\n'),
    });
    expect(config.redis.url).toBe('redis://u:p@redis.example:6379');
    expect(config.outbound.httpsProxy).toBe('http://u:p@proxy.example:3128');
    expect(config.providers.get('inhouse')).toMatchObject({ key: 'a key', missing: null });
    expect(config.repositories[0]?.setup.secrets.get('NPM_TOKEN')?.value).toBe('a token of some length');
  });

  it('go to children by value, those that the YAML names too, for a child may not read the file', () => {
    const yaml = `slack: { botTokenFile: ${file('bot', 'xoxb-1')}, appTokenFile: ${file('app', 'xapp-1')} }`;
    const { config, env } = readConfig(undefined, { ERRAND_CONFIG: file('errand.yml', yaml) });
    expect(childEnv(env, config, 'bot')).toMatchObject({ SLACK_BOT_TOKEN: 'xoxb-1', SLACK_APP_TOKEN: 'xapp-1' });
    expect(Object.keys(childEnv(env, config, 'worker'))).not.toContain('SLACK_BOT_TOKEN');
  });

  it('are told where others may read them', () => {
    const [open, closed, byYaml] = [file('open', 'x'), file('closed', 'y'), file('key', 'z')];
    chmodSync(open, 0o644);
    chmodSync(closed, 0o600);
    chmodSync(byYaml, 0o640);
    const { looseFiles } = readConfig(undefined, {
      ERRAND_CONFIG: file('errand.yml', `providers: { openai: { keyFile: ${byYaml} } }`),
      GITHUB_TOKEN_FILE: open,
      ANTHROPIC_API_KEY_FILE: closed,
      SOME_OTHER_FILE: '/etc/passwd',
    });
    expect(looseFiles).toEqual([open, byYaml]);
  });
});
