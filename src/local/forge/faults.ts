import { z } from 'zod';

export const faultSchema = z.object({
  /** `METHOD /path`, where `*` stands for any run of characters: `POST /repos/acme/web/pulls`, `POST /acme/web.git/git-receive-pack`. */
  route: z.string(),
  times: z.number().int().positive().default(1),
  /** `cut_answer` breaks the connection in the middle of a REST answer, `page` answers for a proxy. */
  kind: z.enum([
    'status',
    'lost_answer',
    'cut_answer',
    'page',
    'hang',
    'disconnect',
    'rate_limit',
    'secondary_rate_limit',
  ]),
  /** For `status`. */
  status: z.number().int().min(400).max(599).default(502),
  message: z.string().optional(),
  /** For the rate limits: when asking again makes sense. */
  retryAfterSeconds: z.number().int().positive().default(60),
});

export type Fault = z.output<typeof faultSchema>;
export type FaultInput = z.input<typeof faultSchema>;

/** What goes wrong on purpose: each fault strikes the next `times` requests of its route, oldest fault first. */
export class Faults {
  #planned: Fault[] = [];

  plan(fault: FaultInput): void {
    this.#planned.push(faultSchema.parse(fault));
  }

  clear(): void {
    this.#planned = [];
  }

  take(method: string, path: string): Fault | undefined {
    const fault = this.#planned.find((each) => matches(each.route, `${method} ${path}`));
    if (fault === undefined) return undefined;
    fault.times -= 1;
    if (fault.times <= 0) this.#planned = this.#planned.filter((each) => each !== fault);
    return fault;
  }
}

function matches(route: string, request: string): boolean {
  const pattern = route
    .split('*')
    .map((part) => part.replaceAll(/[.+?^${}()|[\]\\/]/g, '\\$&'))
    .join('.*');
  return new RegExp(`^${pattern}$`).test(request);
}
