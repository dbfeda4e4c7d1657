import type { Config } from './config.ts';

/** Every secret that this Errand works with, in all of its processes. For whoever holds them all anyway. */
export function ownSecrets({ slack, github, git, redis, providers, mcp, repositories }: Config): readonly string[] {
  const found = [
    slack.botToken,
    slack.appToken,
    slack.signingSecret,
    github.mode === 'token' ? github.token : null,
    github.mode === 'app' ? github.privateKey : null,
    git.signingKey,
    redis.url === null || !URL.canParse(redis.url) ? null : decodeURIComponent(new URL(redis.url).password),
    ...Array.from(providers.values(), ({ key }) => key),
    ...Array.from(mcp.values(), ({ key }) => key),
    ...repositories.flatMap(({ setup }) => Array.from(setup.secrets.values(), ({ value }) => value)),
  ];
  return [...new Set(found.flatMap((each) => (each === null || each === '' ? [] : each)))];
}
