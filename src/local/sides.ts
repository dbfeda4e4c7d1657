import { z } from 'zod';

/** Whose each side is: the page says it wherever one of them is not its own. */
export const Sides = z.object({
  slack: z.discriminatedUnion('where', [
    z.object({ where: z.literal('local') }),
    /** `url` is null where Slack did not say it in time. */
    z.object({ where: z.literal('slack'), url: z.string().nullable() }),
  ]),
  forge: z.discriminatedUnion('where', [
    z.object({ where: z.literal('local') }),
    /** No names means whatever the GitHub App is installed on. */
    z.object({ where: z.literal('github'), apiHost: z.string(), repositories: z.array(z.string()) }),
  ]),
});
export type Sides = z.infer<typeof Sides>;

export const bothLocal: Sides = { slack: { where: 'local' }, forge: { where: 'local' } };
