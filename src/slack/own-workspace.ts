import { z } from 'zod';

const team = z.string().optional().catch(undefined);
const addressed = z.object({
  team_id: team,
  context_team_id: team,
  team: z.object({ id: team }).nullish().catch(undefined),
  authorizations: z
    .array(z.object({ team_id: team }))
    .optional()
    .catch(undefined),
});

/**
 * Whether a payload is addressed to this workspace. In a channel that two workspaces share, Slack names the one where something was
 * done and the one that it tells; an app that is installed in several is told by one address. What names none is not ours.
 */
export function isOwnWorkspace(body: unknown, teamId: string): boolean {
  const { data } = addressed.safeParse(body);
  if (data === undefined) return false;
  const named = [
    data.team_id,
    data.context_team_id,
    data.team?.id,
    ...(data.authorizations ?? []).map((each) => each.team_id),
  ];
  return named.includes(teamId);
}
