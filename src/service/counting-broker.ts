import { countTraffic, type TrafficCounter } from '../operate/count-traffic.ts';
import type { Metrics } from '../operate/metrics.ts';
import { BrokerClient } from '../sandbox/broker-client.ts';
import type { TaskId } from '../task/ids.ts';
import type { RunOrder } from '../task/ports/sandbox.ts';

/** The broker, beside a count of what passes the gateways of runs. That something can't be counted holds up nothing. */
export class CountingBroker extends BrokerClient {
  readonly #traffic: TrafficCounter;
  readonly #onError: (error: unknown) => void;

  constructor(socket: string, metrics: Metrics, onError: (error: unknown) => void) {
    super(socket);
    this.#traffic = countTraffic(metrics, (task) => this.traffic(task));
    this.#onError = onError;
  }

  override async start(order: RunOrder): Promise<void> {
    await this.#traffic.begin(order.task).catch(this.#onError);
    await super.start(order);
  }

  override async remove(task: TaskId, options: { workspace: boolean }): Promise<void> {
    await this.#traffic.end(task).catch(this.#onError);
    await super.remove(task, options);
  }

  /** Counts what passed the gateways of runs under way since it was last counted. */
  async countTraffic(): Promise<void> {
    const tasks = new Set((await this.list()).map(({ task }) => task));
    for (const task of tasks) await this.#traffic.look(task);
  }
}
