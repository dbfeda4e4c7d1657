import { Counter, Gauge, Histogram, Registry } from 'prom-client';

export type Metrics = ReturnType<typeof createMetrics>;

/** From a second to half a day: what waits for people, and what agents take. */
const longSeconds = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400, 43_200];

/**
 * What an operator watches, as Prometheus reads it. No label names a person, a task or a repository: how many series there are depends
 * on the configuration, never on what was asked for. Counters begin at nothing with each start of the process, as Prometheus expects.
 */
export function createMetrics(process: string) {
  const registry = new Registry();
  registry.setDefaultLabels({ process });
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Counter({ name: `errand_${name}`, help, labelNames, registers });
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Gauge({ name: `errand_${name}`, help, labelNames, registers });
  const seconds = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Histogram({ name: `errand_${name}`, help, labelNames, registers, buckets: longSeconds });

  return {
    registry,
    tasks: counter('tasks_total', 'Tasks accepted, by the way they came in.', ['way']),
    queueWait: seconds('queue_wait_seconds', 'From being queued to the start of a run.', ['agent']),
    runTime: seconds('run_seconds', 'From the start of a run to its end.', ['agent', 'outcome']),
    outcomes: counter('outcomes_total', 'Outcomes told.', ['agent', 'outcome']),
    failures: counter('failures_total', 'What failed, by its code: runs, attempts that are made again, merges.', [
      'code',
    ]),
    merges: counter('pull_requests_total', 'Pull requests opened, merged, refused a merge, closed.', ['became']),
    tokens: counter('tokens_total', 'Tokens that models read and wrote.', ['agent', 'direction']),
    cost: counter('cost_usd_total', 'US dollars spent on models whose price is known.', ['agent']),
    gatewayBytes: counter('gateway_bytes_total', 'Bytes that tasks sent out of and got into their sandboxes.', [
      'direction',
      'with',
    ]),
    slackCalls: counter('slack_calls_total', 'Calls of Slack’s Web API; 429 is `rate_limited`.', ['method', 'result']),
    ways: gauge('slack_connections', 'Ways that are open for Slack to send: two by Socket Mode, one by HTTP.', [
      'state',
    ]),
    githubCalls: counter('github_calls_total', 'Calls of GitHub’s API.', ['result']),
    githubLeft: gauge('github_rate_limit_remaining', 'What GitHub last said is left of a rate limit.', ['resource']),
    waiting: gauge('open_tasks', 'Tasks that are queued or at work.', ['state']),
    undelivered: gauge('undelivered_threads', 'Threads with something that Slack does not have yet.', ['store']),
    unsettled: gauge('unsettled_acts', 'What Slack sent and nobody has dealt with.', ['store']),
    slots: gauge('slots', 'Runs that a worker may have at once, and has.', ['state']),
    disk: gauge('disk_bytes', 'The disks of a worker: below its data folder, and Docker’s where that is another.', [
      'path',
      'state',
    ]),
    redis: gauge('redis_memory_bytes', 'What Redis uses, and may use where it has a limit.', ['state']),
    trouble: gauge('trouble', 'One for each kind of trouble that there is just now.', ['code']),
    logLines: counter('log_lines_total', 'Lines of the log.', ['level']),
  };
}
