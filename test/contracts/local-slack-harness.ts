import { App, LogLevel, SocketModeReceiver } from '@slack/bolt';
import { WebClient } from '@slack/web-api';
import type { Change } from '../../src/local/slack/fleeting.ts';
import { type LocalSlack, type LocalSlackOptions, startLocalSlack } from '../../src/local/slack/server.ts';

const stack: AsyncDisposable[] = [];
/** Ends what a test started, last first. */
export async function endAll(): Promise<void> {
  for (const each of stack.splice(0).toReversed()) await each[Symbol.asyncDispose]();
}

export function atEnd(end: () => Promise<unknown>): void {
  stack.push({ [Symbol.asyncDispose]: async () => void (await end()) });
}

export const secrets = { botToken: 'xoxb-local', appToken: 'xapp-local', signingSecret: 'shh' };

export async function start(rest: Partial<LocalSlackOptions> = {}): Promise<LocalSlack> {
  const slack = await startLocalSlack({
    port: 0,
    ...secrets,
    command: '/agent',
    deliver: { type: 'socket' },
    rateScale: 'off',
    shortcuts: [{ type: 'message', name: 'Send to Errand', callbackId: 'task_from_message' }],
    ...rest,
  });
  stack.push(slack);
  return slack;
}

export function client(slack: LocalSlack): WebClient {
  return new WebClient(secrets.botToken, {
    slackApiUrl: slack.apiUrl,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    logLevel: LogLevel.ERROR,
  });
}

export async function bolt(slack: LocalSlack, listen: (app: App) => void): Promise<App> {
  const receiver = new SocketModeReceiver({
    appToken: secrets.appToken,
    logLevel: LogLevel.ERROR,
    installerOptions: { clientOptions: { slackApiUrl: slack.apiUrl } },
  });
  const app = new App({
    token: secrets.botToken,
    receiver,
    clientOptions: { slackApiUrl: slack.apiUrl },
    logLevel: LogLevel.ERROR,
    deferInitialization: true,
  });
  await app.init();
  listen(app);
  await app.start();
  atEnd(() => app.stop());
  return app;
}

/** A list that a test can wait on: `at(n)` settles with the n-th thing that was pushed. */
export function inbox<Item>() {
  const items: Item[] = [];
  const waiting: (() => void)[] = [];
  return {
    items,
    push(item: Item) {
      items.push(item);
      for (const wake of waiting.splice(0)) wake();
    },
    async at(index: number): Promise<Item> {
      for (;;) {
        const item = items[index];
        if (item !== undefined) return item;
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
  };
}

export function changes(slack: LocalSlack) {
  const seen = inbox<Change>();
  slack.store.subscribe((change) => seen.push(change));
  return seen;
}
