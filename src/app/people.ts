import type { ChannelId, UserId } from '../task/ids.ts';
import { closedChannel, isListed } from '../task/policy.ts';
import type { Member } from '../task/ports/directory.ts';
import type { Said } from '../task/said.ts';
import type { Failure, Task } from '../task/task.ts';
import type { Answer } from '../task/use-cases.ts';
import type { BotDeps } from './deps.ts';

export function say(failure: Pick<Failure, 'sentence' | 'next'>, kept: string | null = null): Answer {
  const said: Said = { type: 'sentence', sentence: failure.sentence, next: failure.next, kept };
  return { type: 'say', said };
}

export const silent: Answer = { type: 'silent' };

/** The members of every group on the lists; a person id needs none. Throws `Problem` when Slack can't say: no list is then open. */
export async function groupsOf(deps: BotDeps, lists: readonly (readonly string[])[]) {
  const ids = [...new Set(lists.flat())].filter((id) => id.startsWith('S'));
  return new Map<string, ReadonlySet<UserId>>(
    await Promise.all(ids.map(async (id) => [id, await deps.directory.group(id)] as const)),
  );
}

/** A full member who is on the requesters' list, or the sentence that says why not. */
export async function mayAsk(deps: BotDeps, by: UserId): Promise<{ member: Member; failure: Failure | null }> {
  const member = await deps.directory.member(by);
  const failure = member.type === 'member' ? await unlistedRequester(deps, by) : notAMember(member);
  if (failure !== null) deps.log.warn({ person: by, is: member.type, code: failure.code }, 'Refused');
  return { member, failure };
}

async function unlistedRequester(deps: BotDeps, by: UserId): Promise<Failure | null> {
  const { requesters } = deps.policy;
  if (isListed(requesters, by, await groupsOf(deps, [requesters]))) return null;
  return {
    code: 'not_a_requester',
    sentence: 'You are not on the list of people whom Errand works for here.',
    next: 'Whoever runs Errand can add you to ERRAND_REQUESTERS.',
  };
}

/** Why nothing may be started in a channel; null where it is open, and nobody but this workspace reads what Errand would say there. */
export async function channelRefusal(deps: BotDeps, channel: ChannelId): Promise<Failure | null> {
  const failure = closedChannel(deps.policy, channel) ?? (await readByOthers(deps, channel));
  if (failure !== null) deps.log.warn({ channel, code: failure.code }, 'Refused');
  return failure;
}

async function readByOthers(deps: BotDeps, channel: ChannelId): Promise<Failure | null> {
  switch (await deps.directory.channel(channel)) {
    case 'own':
      return null;
    case 'shared':
      return {
        code: 'channel_shared',
        sentence: 'People of another company read this channel too, so Errand starts nothing here.',
        next: 'Send it in a channel of this workspace alone, or as a direct message.',
      };
    case 'absent':
      return {
        code: 'channel_absent',
        sentence: 'Errand is not in this channel, so it could neither show a task here nor hear what you say to it.',
        next: 'Invite it, as you would a person, and send this again; or send it as a direct message.',
      };
    case 'hidden':
      return {
        code: 'channel_hidden',
        sentence:
          'Slack does not tell Errand whether another company reads this channel too, so it starts nothing here.',
        next: 'Whoever runs Errand gives its app the scopes channels:read and groups:read and installs it again.',
      };
  }
}

function notAMember(member: Member): Failure {
  const kind = {
    guest: 'guests',
    bot: 'bots',
    stranger: 'people of another workspace',
    deactivated: 'deactivated accounts',
  };
  const who = member.type === 'member' ? 'this account' : kind[member.type];
  return {
    code: 'not_a_member',
    sentence: `Errand does not take requests from ${who}.`,
    next: 'Ask a full member of this workspace to send it.',
  };
}

/**
 * Full members who are listed as requesters or approvers may steer a task, and whoever asked for it while they may still ask.
 * Throws `Problem` when Slack can't say who somebody is: nobody steers then.
 */
export async function maySteer(deps: BotDeps, task: Task, by: UserId): Promise<boolean> {
  const { requesters, approvers } = deps.policy;
  const listed = by === task.requester ? requesters : [...requesters, ...approvers];
  if (by !== task.requester && listed.length === 0) return false;
  if ((await deps.directory.member(by)).type !== 'member') return false;
  return isListed(listed, by, await groupsOf(deps, [listed]));
}
