import { type Choice, chooseAgent, type Wish } from '../task/choose-agent.ts';
import type { Policy } from '../task/policy.ts';
import { Problem } from '../task/problem.ts';
import type { Task } from '../task/task.ts';

/**
 * Agent and model once the base branch's `.errand.yml` is known, which the bot, having no git, could not ask. Null where that changes
 * nothing: the file says nothing, or an agent has begun, whose session no other could go on with. Throws `Problem` where the file
 * names one that can't work here: those who keep the code chose it, so no other does it in its place.
 */
export function chooseAnew(policy: Policy, task: Task, file: Wish): Choice | null {
  const { asked, session } = task;
  if (asked === undefined || session !== null || (file.agent === null && file.model === null)) return null;
  const repositories = task.parts.flatMap(
    ({ repository }) => policy.repositories.find(({ name }) => name === repository) ?? [],
  );
  const text = task.spec.flatMap((each) => (each.trust === 'steering' ? each.text : [])).join('\n');
  const { channel } = task.origin;
  const chosen = chooseAgent(policy, { asked, file, channel, repositories, network: task.network, text });
  if (!chosen.ok) {
    const { code, sentence, next } = chosen.failure;
    throw new Problem({
      code,
      sentence: `\`.errand.yml\` of ${task.parts[0].repository} names who is to work on it. ${sentence}`,
      next: `${next} Or ask for another with agent: in a new request.`,
    });
  }
  const { agent, model } = chosen.value;
  return agent === task.agent && model === task.model ? null : { agent, model };
}
