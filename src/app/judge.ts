import type { RunnerResult } from '../../sandbox/protocol.ts';
import { duration } from '../task/amounts.ts';
import type { ContainerState, Limits } from '../task/ports/sandbox.ts';
import { Problem } from '../task/problem.ts';
import type { Failure } from '../task/task.ts';

/**
 * Why a stopped run counts as failed; null when the agent ended in good order. What the container did outweighs what was said
 * inside. Throws a `Problem` with `retry` when the machine ended it rather than the agent.
 */
export function judge(
  state: ContainerState,
  result: RunnerResult | null,
  minutes: number,
  { limits, quietMs }: { limits: Pick<Limits, 'memoryBytes' | 'workspaceBytes'>; quietMs: number | null },
): Failure | null {
  if (state.type === 'exited' && state.timedOut) {
    return failure(
      'timed_out',
      `The run took longer than its ${minutes} minutes and was ended.`,
      'Reply with a smaller step, or press Retry.',
    );
  }
  if (state.type === 'exited' && state.outOfDisk) {
    const gib = (limits.workspaceBytes / 2 ** 30).toFixed(1).replace('.0', '');
    return failure(
      'out_of_disk',
      `The run filled more than its ${gib} GiB of disk and was ended.`,
      'Whoever runs Errand can raise the limit of the workspace.',
    );
  }
  if (state.type === 'exited' && state.stalled && result?.type !== 'finished') {
    const long = quietMs === null ? 'too long' : duration(quietMs);
    return failure(
      'no_progress',
      `Nothing moved in the run for ${long}, neither output nor tokens nor processor time, and it was ended.`,
      'Reply with what to do differently, or press Retry.',
    );
  }
  if (result === null) {
    if (state.type === 'exited' && state.outOfMemory) {
      const gib = (limits.memoryBytes / 2 ** 30).toFixed(1).replace('.0', '');
      return failure(
        'out_of_memory',
        `The run needed more than its ${gib} GiB of memory and was ended.`,
        'Whoever runs Errand can raise the memory limit.',
      );
    }
    if (state.type === 'exited' && state.code !== 137 && state.code !== 143) {
      return failure(
        'no_result',
        `The agent ended without a result, with exit code ${state.code}.`,
        'Press Retry; the log has its last words.',
      );
    }
    throw new Problem(
      failure(
        'container_killed',
        'The sandbox was ended from outside, by the machine rather than by the task.',
        'Nothing to do: Errand tries again by itself.',
      ),
      { retry: true },
    );
  }
  if (result.type === 'failed') {
    const [sentence, next] = reasons[result.code];
    // What the model endpoint said is told by the code; the agent's retelling of it only repeats it.
    const said = saysMore.has(result.code) ? result.message.trim() : '';
    return failure(result.code, said === '' ? sentence : `${sentence} ${said}`, next);
  }
  if (result.exitCode === 0) return null;
  return failure(
    'script_failed',
    `The script ended with exit code ${result.exitCode}.`,
    'Reply with what to change, or press Retry.',
  );
}

const saysMore: ReadonlySet<string> = new Set(['checkout', 'agent_start', 'agent_error']);

const reasons: Record<Extract<RunnerResult, { type: 'failed' }>['code'], readonly [string, string]> = {
  checkout: [
    'The checkout inside the sandbox failed.',
    'Press Retry; if it stays, whoever runs Errand finds the cause in the log.',
  ],
  agent_start: ['The agent could not be started.', 'Whoever runs Errand can try it with npm run doctor.'],
  agent_auth: [
    'The model provider refused the configured key.',
    'Whoever runs Errand checks the key, then press Retry.',
  ],
  model_down: ['The model provider does not answer.', 'Press Retry in a few minutes.'],
  budget: [
    'The task reached its budget for models.',
    'Send it again with a larger budget:, in dollars, or a smaller wish.',
  ],
  agent_error: ['The agent ended with an error.', 'Reply with what to change, or press Retry.'],
  cancelled: ['The run was cancelled.', 'Press Retry to start again.'],
};

function failure(code: string, sentence: string, next: string): Failure {
  return { code, sentence, next };
}
