import { connect } from 'node:net';
import type { Config, ProcessName } from '../config.ts';
import { demoRepository } from '../local/forge/seed.ts';
import type { Sides } from '../local/sides.ts';
import type { Places } from '../setup/places.ts';
import { connectSlack } from '../slack/connection.ts';
import { Problem } from '../task/problem.ts';
import { type LocalOptions, localTokens } from './local.ts';
import { outbound } from './outbound.ts';
import type { ProcessScope } from './process.ts';

export interface LocalSide {
  /** The page of what is local. */
  readonly url: string;
  /** The lowest that it listens on. */
  readonly port: number;
  /** What each process is told of the local servers. */
  readonly env: Partial<Record<ProcessName, Record<string, string>>>;
  /** `LocalOptions` for the local process. */
  readonly options: LocalOptions;
}

const slackAnswersWithinMs = 3_000;

/** Where Slack's or GitHub's credentials are missing, that side is local: its address and tokens take the place of theirs. */
export async function localSide(config: Config, places: Places, scope: ProcessScope): Promise<LocalSide | null> {
  const isSlackLocal = config.slack.mode === 'local';
  const isForgeLocal = config.github.mode === 'local';
  if (!isSlackLocal && !isForgeLocal) return null;
  // Slack's own requests come to PORT where there is no Socket Mode.
  const pagePort = await freePort(config.slack.mode === 'http' ? config.slack.port + 1 : config.slack.port);
  const forgePort = isForgeLocal ? await freePort(pagePort + 1) : null;
  const tokens = localTokens(places.localDir);
  const named = config.repositories.map(({ name }) => name);
  const repositories: Record<string, string> =
    named.length > 0 || forgePort === null ? {} : { ERRAND_REPOSITORIES: demoRepository };
  const at = (port: number) => `http://127.0.0.1:${port}`;
  const forge: Record<string, string> =
    forgePort === null ? {} : { GITHUB_API_URL: `${at(forgePort)}/api/v3`, GITHUB_URL: at(forgePort) };
  const slack: Record<string, string> = isSlackLocal
    ? {
        SLACK_BOT_TOKEN: tokens.botToken,
        SLACK_APP_TOKEN: tokens.appToken,
        SLACK_API_URL: `${at(pagePort)}/api/`,
      }
    : {};
  return {
    url: at(pagePort),
    port: pagePort,
    env: {
      bot: { ...slack, ...forge, ...repositories },
      worker: { ...forge, ...repositories, ...(forgePort === null ? {} : { GITHUB_TOKEN: tokens.forgeToken }) },
    },
    options: {
      slack: isSlackLocal ? { port: pagePort } : null,
      forge: forgePort === null ? null : { port: forgePort },
      page: isSlackLocal ? null : { port: pagePort },
      sides: await sidesOf(config, scope),
      repositories: forgePort === null ? [] : named,
    },
  };
}

/** Whose each side is, for the page to say. */
async function sidesOf(config: Config, scope: ProcessScope): Promise<Sides> {
  const apiHost = new URL(config.github.apiUrl).host;
  const repositories = config.repositories.map(({ name }) => name);
  return {
    slack: config.slack.mode === 'local' ? { where: 'local' } : { where: 'slack', url: await slackUrl(config, scope) },
    forge: config.github.mode === 'local' ? { where: 'local' } : { where: 'github', apiHost, repositories },
  };
}

/** The workspace's address, where Slack says it soon. What is wrong with a token the bot tells, with what to do. */
async function slackUrl(config: Config, { log, signal }: ProcessScope): Promise<string | null> {
  const { botToken, apiUrl } = config.slack;
  if (botToken === null) return null;
  const { dispatcher: _dispatcher, ...way } = outbound(config.outbound);
  const late = new Promise<null>((answer) => {
    const timer = setTimeout(() => answer(null), slackAnswersWithinMs);
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
    timer.unref();
  });
  const asked = connectSlack({ botToken, apiUrl, log, ...way }).then(
    ({ url }) => url,
    (error: unknown) => {
      log.warn({ err: error }, 'Slack did not say where the workspace is');
      return null;
    },
  );
  return Promise.race([asked, late]);
}

/** The wanted port, or the next that nobody listens on. */
async function freePort(wanted: number): Promise<number> {
  for (let port = wanted; port < wanted + 50; port += 1) {
    const taken = await new Promise<boolean>((answer) => {
      const socket = connect({ port, host: '127.0.0.1' });
      socket.once('connect', () => {
        socket.destroy();
        answer(true);
      });
      socket.once('error', () => answer(false));
    });
    if (!taken) return port;
  }
  throw new Problem({
    code: 'port',
    sentence: `Every port from ${wanted} to ${wanted + 49} is taken.`,
    next: 'Set PORT to a free one.',
  });
}
