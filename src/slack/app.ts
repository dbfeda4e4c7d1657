import { App, type Receiver } from '@slack/bolt';
import { openPlaces } from '../app/places.ts';
import { toTyped } from '../task/draft.ts';
import type { Clock } from '../task/ports/clock.ts';
import type { Inbox } from '../task/ports/inbox.ts';
import type { Outbox } from '../task/ports/outbox.ts';
import type { Reactions } from '../task/ports/reactions.ts';
import type { TaskStore } from '../task/ports/task-store.ts';
import type { Turns } from '../task/ports/turns.ts';
import type { UseCases } from '../task/use-cases.ts';
import { formIds } from './blocks/form-fields.ts';
import { actionIds, type Wording } from './blocks/parts.ts';
import { type Connection, clientOptions } from './connection.ts';
import { toEmojiNames } from './emoji.ts';
import { createHttpReceiver, type HttpMode, listen } from './http.ts';
import { type Intake, storeFirst } from './intake.ts';
import { type Kept, keepConnected } from './keep-connected.ts';
import { answerAlone, say } from './listeners/answers.ts';
import { createButtonListener } from './listeners/button.ts';
import { createCommandListener } from './listeners/command.ts';
import type { ListenerDeps } from './listeners/deps.ts';
import { createMessageListener } from './listeners/message.ts';
import { createNativeStopListener } from './listeners/native-stop.ts';
import { createReactionListener } from './listeners/reaction.ts';
import { createRepositoryChangeListener } from './listeners/repository-change.ts';
import {
  createFromMessageListener,
  createNewTaskListener,
  createStopListener,
  shortcutIds,
} from './listeners/shortcut.ts';
import { createSubmissionListener } from './listeners/submission.ts';
import { createSuggestionListener } from './listeners/suggestion.ts';
import { within } from './listeners/within.ts';
import { keepListening, type Listening } from './listening.ts';
import { type Log, toSlackLogger } from './log.ts';
import { lookUp } from './look-up.ts';
import { origin, reactionOrigin } from './origin.ts';
import { createWhileReading } from './reading-status.ts';
import { createSocketReceiver, type SocketOptions } from './socket.ts';
import { createStoreDown } from './store-down.ts';
import { createThreadOf } from './thread-reader.ts';

export type SlackMode =
  | { readonly type: 'socket'; readonly appToken: string; readonly dispatcher?: SocketOptions['dispatcher'] }
  | HttpMode;

export interface SlackAppOptions {
  readonly mode: SlackMode;
  readonly connection: Connection;
  readonly botToken: string;
  readonly apiUrl: string;
  readonly wording: Wording;
  readonly inbox: Inbox;
  readonly outbox: Outbox;
  readonly reactions: Reactions;
  readonly turns: Turns;
  /** Where bots note when Slack was last listened to, and the threads and channels to look at for what came unheard. */
  readonly tasks: Parameters<typeof openPlaces>[0] & Pick<TaskStore, 'remember' | 'recall'>;
  readonly useCases: UseCases;
  readonly clock: Clock;
  readonly log: Log;
  readonly fetch?: typeof fetch;
  /** How often acts that were stored and not dealt with are tried again. */
  readonly replayEveryMs?: number;
}

export interface SlackApp {
  /** Tries what an earlier process left, then takes what Slack sends. Throws `Problem` when Slack refuses or the port is taken. */
  start(): Promise<{ port: number | null }>;
  /** How many ways there are just now over which Slack can send to this process. */
  standing(): number;
  /** Takes nothing more, and settles when what was taken is dealt with. */
  stop(): Promise<void>;
}

/** One is refreshed while the other stands; Slack takes ten of one app. */
const connections = 2;

/** The way in: Bolt over Socket Mode or HTTP (`/slack/events`, and `/healthz` for whoever watches the process). */
export function createSlackApp(given: SlackAppOptions): SlackApp {
  const options = { ...given, wording: { ...given.wording, emoji: toEmojiNames(given.wording.emoji) } };
  const { mode, connection, wording, log } = options;
  const socket =
    mode.type === 'socket' ? createSocketReceiver({ ...mode, apiUrl: options.apiUrl, log, ...fetchOf(options) }) : null;
  const http = mode.type === 'http' ? createHttpReceiver(mode, log) : null;
  const app = createBolt(options, socket ?? http);
  const missed = () => listening?.missed();
  const intake = registerIntake(app, options, missed);
  registerListeners(app, options);

  const ending = new AbortController();
  const { signal } = ending;
  let kept: Kept | null = null;
  let port: number | null = null;
  let listening: Listening | null = null;
  let sweep: NodeJS.Timeout | undefined;

  /** Settles when what Slack sends reaches this process. */
  async function comeIn(): Promise<void> {
    if (socket !== null) {
      const { apiUrl } = options;
      kept = await keepConnected({ count: connections, open: socket.open, apiUrl, log, signal, onReturn: missed });
      log.info({ team: connection.teamId, command: wording.command }, 'Waiting for Slack over Socket Mode');
    } else if (http !== null) {
      port = await listen(http, mode.type === 'http' ? mode.port : 0);
      log.info({ team: connection.teamId, port }, 'Waiting for Slack over HTTP');
    }
  }

  return {
    async start() {
      await app.init();
      await intake.replay(0);
      const everyMs = options.replayEveryMs ?? 10_000;
      sweep = setInterval(() => {
        intake.replay(everyMs).catch((error: unknown) => log.error({ err: error }, 'The inbox could not be read'));
      }, everyMs);
      await comeIn();
      listening = listenOn(app, options, { signal, hears: () => port !== null || (kept?.standing() ?? 0) > 0 });
      return { port };
    },
    standing: () => (port === null ? (kept?.standing() ?? 0) : 1),
    async stop() {
      clearInterval(sweep);
      // Whoever typed a command a moment ago gets their answer.
      await within(intake.idle(), answerWithinMs);
      ending.abort();
      await Promise.all([kept?.ended, port === null ? null : http?.stop(), listening?.ended]);
      await intake.idle();
    },
  };
}

const answerWithinMs = 1_000;

/** Notes that Slack is listened to, and looks up what it may have sent while it was not. */
function listenOn(
  app: App,
  options: SlackAppOptions,
  { signal, hears }: { signal: AbortSignal; hears: () => boolean },
): Listening {
  const { tasks, reactions, connection, wording, clock, log } = options;
  const { reader, teamId, userId } = connection;
  const self = { userId, emoji: wording.emoji };
  const hear = (body: Record<string, unknown>) => app.processEvent({ body, ack: async () => undefined });
  return keepListening({
    facts: tasks,
    hears,
    lookUp: async (since, leavesToNext) =>
      lookUp(await openPlaces(tasks), since, {
        ...{ reader, self, teamId, reactions, hear, clock, log, signal },
        leavesToNext,
      }),
    clock,
    log,
    signal,
  });
}

function fetchOf({ fetch }: SlackAppOptions): { fetch?: typeof globalThis.fetch } {
  return fetch === undefined ? {} : { fetch };
}

function createBolt(options: SlackAppOptions, receiver: Receiver | null): App {
  const { connection, log, botToken, apiUrl } = options;
  const app = new App({
    ...(receiver === null ? {} : { receiver }),
    // What auth.test said at the start holds: no event waits for another call.
    authorize: async () => ({
      botToken,
      botUserId: connection.userId,
      teamId: connection.teamId,
      ...(connection.botId === null ? {} : { botId: connection.botId }),
    }),
    clientOptions: clientOptions({ apiUrl, log, ...fetchOf(options) }, 0),
    logger: toSlackLogger(log, 'bolt'),
    deferInitialization: true,
  });
  // Rejecting leaves the act unsettled, so that it is tried again.
  app.error(async (error) => {
    throw error;
  });
  return app;
}

function registerListeners(app: App, options: SlackAppOptions): void {
  const { useCases, outbox, wording, connection } = options;
  const self = { userId: connection.userId, emoji: wording.emoji };
  const deps: ListenerDeps = {
    useCases,
    outbox,
    wording,
    self,
    log: options.log,
    threadOf: createThreadOf(connection.reader),
    reactions: options.reactions,
    turns: options.turns,
    whileReading: createWhileReading({ ...connection, log: options.log }),
    openView: async (trigger_id, view) => {
      await connection.client.views.open({ trigger_id, view });
    },
    updateView: async ({ id, hash }, view) => {
      await connection.client.views.update({ view_id: id, hash, view });
    },
    ...fetchOf(options),
  };
  const message = createMessageListener(deps);
  const reaction = createReactionListener(deps);
  app.command(wording.command, createCommandListener(deps));
  app.event('message', message);
  app.event('app_mention', message);
  app.event('reaction_added', reaction);
  app.event('reaction_removed', reaction);
  app.event('agent_session_stopped', createNativeStopListener(deps));
  const button = createButtonListener(deps);
  const { stop, retry, approve, runCi, allowHost, pushAnyway, answer, form, repositoryChosen, repositories } =
    actionIds;
  for (const action_id of [stop, retry, approve, runCi, allowHost, pushAnyway, answer, form, repositoryChosen]) {
    app.action({ type: 'block_actions', action_id }, button);
  }
  app.action({ type: 'block_actions', action_id: repositories }, createRepositoryChangeListener(deps));
  app.shortcut({ type: 'shortcut', callback_id: shortcutIds.newTask }, createNewTaskListener(deps));
  app.shortcut({ type: 'message_action', callback_id: shortcutIds.fromMessage }, createFromMessageListener(deps));
  app.shortcut({ type: 'message_action', callback_id: shortcutIds.stop }, createStopListener(deps));
  app.view({ type: 'view_submission', callback_id: formIds.callback }, createSubmissionListener(deps));
  const suggestion = createSuggestionListener(deps);
  for (const action_id of [repositories, repositoryChosen]) {
    app.options({ type: 'block_suggestion', action_id }, suggestion);
  }
}

const failedOften = {
  sentence: 'Errand could not do this: it failed several times.',
  next: 'Send it again, or ask whoever runs Errand to look at its log.',
};

function registerIntake(app: App, options: SlackAppOptions, missed: () => void): Intake {
  const { inbox, clock, log, wording, connection, outbox, useCases } = options;
  return storeFirst(app, {
    inbox,
    clock,
    log,
    self: { userId: connection.userId, emoji: wording.emoji },
    teamId: connection.teamId,
    missed,
    refuse: createStoreDown(options),
    giveUp: async (body, received) => {
      const from = origin(body) ?? reactionOrigin(body, connection.userId);
      if (from === null) return;
      const { by, channel, thread, draft, responseUrl } = from;
      const asked = { key: received.naturalKey, by, channel, thread, at: received.receivedAt };
      const plain = say({ type: 'sentence', ...failedOften, kept: draft === null ? null : toTyped(draft) });
      const answer =
        draft === null
          ? plain
          : await useCases.giveBack(asked, { type: 'changed', draft }, failedOften).catch((error: unknown) => {
              log.error({ act: asked.key, err: error }, 'What was typed could not be kept');
              return plain;
            });
      await answerAlone(outbox, asked, answer, responseUrl);
    },
  });
}
