import type { Config } from './config.ts';

/** Every secret that this process holds, passwords in addresses included, each once; of the top process, all that there are. */
export function secretsOf(config: Config): readonly string[] {
  const { slack, github, webhook, git, providers, mcp, redis, outbound, repositories, operate } = config;
  const found = [
    slack.botToken,
    slack.appToken,
    slack.signingSecret,
    operate.boardPassword,
    github.mode === 'token' ? github.token : null,
    github.mode === 'app' ? github.privateKey : null,
    webhook?.secret ?? null,
    git.signingKey?.replaceAll('\\n', '\n') ?? null,
    ...Array.from(providers.values(), ({ key }) => key),
    ...Array.from(mcp.values(), ({ key }) => key),
    ...repositories.flatMap(({ setup }) => Array.from(setup.secrets.values(), ({ value }) => value)),
    ...[redis.url, outbound.httpProxy, outbound.httpsProxy].flatMap(passwords),
  ];
  return [...new Set(found.flatMap((each) => (each === null || each === '' ? [] : each)))];
}

function passwords(url: string | null): readonly string[] {
  const password = url !== null && URL.canParse(url) ? new URL(url).password : '';
  return [password, decodeURIComponent(password)];
}
