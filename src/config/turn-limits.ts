import type { ChannelId } from '../task/ids.ts';
import type { TurnLimits } from '../task/line.ts';
import type { Sections } from './sections.ts';
import type { Values } from './settings.ts';

/** How many runs may be under way at once: ten a person, forty a channel, twenty a repository, unless the operator says otherwise. */
export function toTurnLimits(
  values: Values,
  { channels, repositories }: Pick<Sections, 'channels' | 'repositories'>,
): TurnLimits {
  const orDefault = (written: number | null | undefined, standard: number) =>
    written === undefined ? standard : written;
  return {
    personRuns: orDefault(values.personRuns, 10),
    channelRuns: orDefault(values.channelRuns, 40),
    repositoryRuns: orDefault(values.repositoryRuns, 20),
    channels: new Map(
      Array.from(channels).flatMap(([id, { runs }]) => (runs === undefined ? [] : [[id as ChannelId, runs] as const])),
    ),
    repositories: new Map(
      Array.from(repositories.values()).flatMap(({ name, runs }) =>
        runs === undefined ? [] : [[name, runs] as const],
      ),
    ),
  };
}
