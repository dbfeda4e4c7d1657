import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { WebClient } from '@slack/web-api';
import { isMap, isScalar, isSeq, parseDocument, type YAMLSeq } from 'yaml';
import type { Config } from '../../config.ts';
import { outbound } from '../../service/outbound.ts';
import { clientOptions, connectSlack, refusedToken } from '../../slack/connection.ts';
import { checked, type Finding, fail, ok, skip, warn } from '../finding.ts';

const deadlineMs = 15_000;
const manifests = resolve(import.meta.dirname, '../../..');
/** Which of the two manifests an app was made from shows in this scope. */
const agentScope = 'assistant:write';
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** The bot's token and what it may do, and the way events come in. */
export async function checkSlack(config: Config): Promise<readonly Finding[]> {
  const { slack } = config;
  if (slack.mode === 'local') return [local(config)];
  const rows = await Promise.all([
    checked('Slack token', deadlineMs, () => checkToken(config)),
    slack.mode === 'socket'
      ? checked('Slack Socket Mode', deadlineMs, () => checkSocket(config))
      : checked('Slack HTTP mode', deadlineMs, () => checkPort(slack.port)),
  ]);
  return rows.flat();
}

function local({ role, slack }: Config): Finding {
  const next =
    'To connect a real workspace: create an app from manifest.yml at api.slack.com/apps, install it, then set SLACK_BOT_TOKEN and SLACK_APP_TOKEN.';
  if (role === 'bot') return fail('Slack', 'Not connected, and a bot that runs apart needs a workspace.', next);
  return skip('Slack', `Local: npm start serves a small Slack on http://127.0.0.1:${slack.port}.`, next);
}

async function checkToken(config: Config): Promise<readonly Finding[]> {
  const { botToken, apiUrl } = config.slack;
  const connection = await connectSlack({
    botToken: botToken ?? '',
    apiUrl,
    log: silent,
    ...outbound(config.outbound),
  });
  const self = await connection.reader.auth.test();
  const found = `Bot @${self.user ?? connection.userId} of ${self.team ?? connection.teamId} (${connection.teamId}).`;
  const token =
    connection.botId === null
      ? warn(
          'Slack token',
          `${found} It looks like a person’s token.`,
          'Use the bot token (OAuth & Permissions, Bot User OAuth Token).',
        )
      : ok('Slack token', found);
  return [token, toScopes(self.response_metadata?.scopes ?? [])];
}

/** Compares what the token was granted with what the manifest asks for; its comments say what each is for. */
function toScopes(granted: readonly string[]): Finding {
  const name = 'Slack permissions';
  const given = granted.filter((scope) => scope !== '');
  if (given.length === 0) return ok(name, 'Slack does not say which scopes this token has.');
  const manifest = given.includes(agentScope) ? 'manifest.yml' : 'manifest.classic.yml';
  const wanted = scopesOf(manifest);
  const missing = wanted.filter(({ scope }) => !given.includes(scope));
  if (missing.length === 0) return ok(name, `All ${wanted.length} scopes of ${manifest}.`);
  const lacks = missing.map(({ scope, purpose }) => `${scope} (${purpose})`).join('; ');
  const next = `Add them under OAuth & Permissions (or paste ${manifest} as the app’s manifest), then install the app again.`;
  const optional = missing.every((each) => each.optional);
  return (optional ? warn : fail)(name, `${optional ? 'Without the optional' : 'Missing'}: ${lacks}.`, next);
}

function scopesOf(manifest: string): readonly { scope: string; purpose: string; optional: boolean }[] {
  const document = parseDocument(readFileSync(resolve(manifests, manifest), 'utf8'));
  const scopes = document.getIn(['oauth_config', 'scopes']);
  const listed = (key: string): YAMLSeq['items'] => {
    const list = isMap(scopes) ? scopes.get(key) : undefined;
    return isSeq(list) ? list.items : [];
  };
  const names = (key: string) => listed(key).flatMap((item) => (isScalar(item) ? [String(item.value)] : []));
  const optional = names('bot_optional');
  return listed('bot').flatMap((item) => {
    if (!isScalar(item)) return [];
    const scope = String(item.value);
    return [{ scope, purpose: item.comment?.trim() ?? '', optional: optional.includes(scope) }];
  });
}

async function checkSocket({ slack, outbound: way }: Config): Promise<Finding> {
  const { appToken, apiUrl } = slack;
  const client = new WebClient(appToken ?? '', clientOptions({ apiUrl, log: silent, ...outbound(way) }, 0));
  const answer = await client.apps.connections.open().catch((error: unknown) => {
    throw refusedToken('SLACK_APP_TOKEN', apiUrl, error);
  });
  const host = answer.url === undefined ? 'Slack' : new URL(answer.url).host;
  return ok('Slack Socket Mode', `Slack offers a connection at ${host}.`);
}

async function checkPort(port: number): Promise<Finding> {
  const name = 'Slack HTTP mode';
  const taken = await new Promise<NodeJS.ErrnoException | null>((answer) => {
    const server = createServer();
    server.once('error', answer);
    server.listen(port, () => server.close(() => answer(null)));
  });
  const next = `Slack must reach it from outside as https://HOST/slack/events: the app’s three request URLs.`;
  if (taken === null) return ok(name, `Port ${port} is free; the signing secret shows with the first event.`, next);
  const health = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(2_000) })
    .then((response) => response.text())
    .catch(() => '');
  if (health === 'ok\n') return ok(name, `Errand already listens on port ${port}.`, next);
  const found = taken.code === 'EADDRINUSE' ? 'is taken by another program' : `can’t be listened on (${taken.code})`;
  return fail(name, `Port ${port} ${found}.`, 'Set PORT to a free one, and change the app’s request URLs.');
}
