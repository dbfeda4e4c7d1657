import type { Check } from '../operate/checkup.ts';
import type { TaskStore } from '../task/ports/task-store.ts';

/** Whether Slack can reach this bot, and whether all that was said while no bot listened has been looked up. */
export function heardChecks(facts: Pick<TaskStore, 'recall'>, standing: () => number): readonly Check[] {
  const told = { everyMs: 5_000 } as const;
  return [
    {
      name: 'What Slack sends',
      needed: true,
      ...told,
      look: async () => {
        const sentence = 'Slack can’t send to Errand just now: what is said meanwhile is looked up afterwards.';
        return standing() === 0 ? [{ code: 'slack_gap', sentence }] : [];
      },
    },
    {
      name: 'What Slack sent unheard',
      needed: false,
      ...told,
      look: async () => {
        const gap = await facts.recall('slack_gap');
        const sentence = 'For a while nobody listened to Slack: what was said then is still being looked up.';
        return gap === null || gap === '' ? [] : [{ code: 'slack_catching_up', sentence }];
      },
    },
  ];
}
