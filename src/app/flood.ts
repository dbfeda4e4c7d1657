import type { ChannelId, TaskId, UserId } from '../task/ids.ts';
import { crowded, tooFast } from '../task/intake.ts';
import type { Failure } from '../task/task.ts';
import type { BotDeps } from './deps.ts';

interface Sent {
  readonly key: string;
  readonly by: UserId;
  readonly channel: ChannelId;
}

/** Counts a request, or says why it is one too many for now. The same request counts once, however often it comes. */
export async function floodRefusal(deps: BotDeps, { key, by, channel }: Sent): Promise<Failure | null> {
  const { intake } = deps.policy;
  const at = deps.clock.now();
  const held = await deps.turnstile.pass({ key, by, channel, at }, intake);
  if (held === null) return null;
  const failure = tooFast(intake, held, at);
  deps.log.warn({ person: by, channel, act: key, code: failure.code }, 'Refused');
  return failure;
}

/** Why somebody gets no further task now; `task` is one that is to be queued again. Null while there is room. */
export async function crowdedRefusal(deps: BotDeps, by: UserId, task?: TaskId): Promise<Failure | null> {
  const failure = crowded(deps.policy.intake, await deps.store.open(), by, task);
  if (failure !== null) deps.log.warn({ person: by, code: failure.code }, 'Refused');
  return failure;
}
