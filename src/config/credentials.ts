import type { GitHubConfig, SlackConfig } from './config.ts';
import type { ConfigProblem } from './problems.ts';
import type { ProcessName, Values } from './settings.ts';

/** Without a token Slack is local; half of its credentials is a problem, where the bot is to know them. */
export function toSlack(values: Values, holders: readonly ProcessName[], problems: ConfigProblem[]): SlackConfig {
  const { slackBotToken, slackAppToken, slackSigningSecret } = values;
  if (holders.includes('bot')) {
    if (slackBotToken !== undefined && slackAppToken === undefined && slackSigningSecret === undefined) {
      problems.push({
        where: 'SLACK_APP_TOKEN',
        problem: 'is missing beside SLACK_BOT_TOKEN; set it for Socket Mode, or SLACK_SIGNING_SECRET for HTTP mode',
        example: 'SLACK_APP_TOKEN=xapp-…',
      });
    }
    const other = slackAppToken === undefined ? 'SLACK_SIGNING_SECRET' : 'SLACK_APP_TOKEN';
    if (slackBotToken === undefined && (slackAppToken !== undefined || slackSigningSecret !== undefined)) {
      problems.push({
        where: 'SLACK_BOT_TOKEN',
        problem: `is missing beside ${other}`,
        example: 'SLACK_BOT_TOKEN=xoxb-…',
      });
    }
  }
  return {
    mode: slackBotToken === undefined ? 'local' : slackAppToken === undefined ? 'http' : 'socket',
    botToken: slackBotToken ?? null,
    appToken: slackAppToken ?? null,
    signingSecret: slackSigningSecret ?? null,
    port: values.port ?? 3_000,
    apiUrl: values.slackApiUrl ?? 'https://slack.com/api/',
    command: values.command ?? '/agent',
    linkHosts: values.linkHosts ?? [],
  };
}

/** Where one of the two is given the other follows from it, so that a server's token never goes to github.com. */
function toGitHubUrls(given: string | undefined, givenApi: string | undefined): { url: string; apiUrl: string } {
  const [page, api] = [given?.replace(/\/+$/, ''), givenApi?.replace(/\/+$/, '')];
  const url = page ?? (api === undefined ? 'https://github.com' : pageOf(api));
  return { url, apiUrl: api ?? apiOf(url) };
}

function apiOf(url: string): string {
  const { protocol, host, hostname } = new URL(url);
  const hosted = hostname === 'github.com' || hostname.endsWith('.ghe.com');
  return hosted ? `${protocol}//api.${host}` : `${url}/api/v3`;
}

function pageOf(api: string): string {
  const { protocol, host } = new URL(api);
  return host.startsWith('api.') ? `${protocol}//${host.slice('api.'.length)}` : api.replace(/\/api\/v3$/, '');
}

/** Without credentials GitHub is local; half of them, or both kinds, is a problem, where the worker is to know them. */
export function toGitHub(values: Values, holders: readonly ProcessName[], problems: ConfigProblem[]): GitHubConfig {
  const common = toGitHubUrls(values.githubUrl, values.githubApiUrl);
  const { githubToken: token, githubAppId: appId, githubAppPrivateKey: key } = values;
  if (!holders.includes('worker')) return { ...common, mode: 'local' };
  const half = (where: string, beside: string, example: string) =>
    problems.push({ where, problem: `is missing beside ${beside}`, example });
  if (appId !== undefined && key === undefined) {
    half('GITHUB_APP_PRIVATE_KEY', 'GITHUB_APP_ID', 'GITHUB_APP_PRIVATE_KEY_FILE=/run/secrets/errand.pem');
  }
  if (appId === undefined && key !== undefined) half('GITHUB_APP_ID', 'GITHUB_APP_PRIVATE_KEY', 'GITHUB_APP_ID=123456');
  if (token !== undefined && (appId ?? key) !== undefined) {
    problems.push({
      where: 'GITHUB_TOKEN',
      problem: 'is set beside a GitHub App; one of them is enough',
      example: null,
    });
  }
  if (token !== undefined) return { ...common, mode: 'token', token };
  if (appId === undefined || key === undefined) return { ...common, mode: 'local' };
  return { ...common, mode: 'app', appId, privateKey: key.replaceAll('\\n', '\n') };
}
