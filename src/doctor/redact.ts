import type { Config } from '../config.ts';

/** Takes every secret of the configuration out of a text, in case an answer from outside repeats one. */
export function redact(text: string, config: Config): string {
  const urls = [config.redis.url, config.outbound.httpProxy, config.outbound.httpsProxy];
  const secrets = [
    config.slack.botToken,
    config.slack.appToken,
    config.slack.signingSecret,
    config.github.mode === 'token' ? config.github.token : null,
    config.github.mode === 'app' ? config.github.privateKey : null,
    ...Array.from(config.providers.values(), ({ key }) => key),
    ...config.repositories.flatMap(({ setup }) => Array.from(setup.secrets.values(), ({ value }) => value)),
    ...urls.flatMap((url) => passwords(url)),
  ];
  return secrets
    .filter((secret): secret is string => secret !== null && secret !== '')
    .toSorted((one, other) => other.length - one.length)
    .reduce((clean, secret) => clean.replaceAll(secret, '[secret]'), text);
}

function passwords(url: string | null): readonly string[] {
  const password = url !== null && URL.canParse(url) ? new URL(url).password : '';
  return [password, decodeURIComponent(password)];
}
