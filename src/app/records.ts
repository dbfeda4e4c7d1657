import { z } from 'zod';
import type { RunnerRecord } from '../../sandbox/protocol.ts';
import { withoutSecrets } from '../task/secrets.ts';

/** People and GitHub are shown it: what looks like a secret is taken out at once, and so from all that is told of it. */
const text = (max: number) => z.string().transform((value) => withoutSecrets(value.slice(0, max)));
/** Only its last line is ever shown. */
const ending = (max: number) => z.string().transform((value) => withoutSecrets(value.trimEnd().slice(-max)));
const stamp = { n: z.number().int().positive(), at: z.number() };
const step = z.object({
  title: text(150),
  status: z.enum(['pending', 'in_progress', 'complete', 'error']),
  detail: text(300).nullable(),
});

const failureCode = z.enum([
  'checkout',
  'agent_start',
  'agent_auth',
  'model_down',
  'budget',
  'agent_error',
  'cancelled',
]);

const record = z.discriminatedUnion('type', [
  z.object({ ...stamp, type: z.literal('ready') }),
  z.object({ ...stamp, type: z.literal('checked_out'), start: text(64) }),
  z.object({ ...stamp, type: z.literal('session'), id: z.string().max(200) }),
  z.object({ ...stamp, type: z.literal('note'), text: text(300) }),
  z.object({ ...stamp, type: z.literal('plan'), steps: z.array(step).max(50) }),
  z.object({
    ...stamp,
    type: z.literal('activity'),
    id: text(200),
    title: text(200),
    status: z.enum(['in_progress', 'complete', 'error']),
  }),
  z.object({ ...stamp, type: z.literal('message'), text: text(16_000) }),
  z.object({ ...stamp, type: z.literal('output'), text: ending(2_000) }),
  z.object({ ...stamp, type: z.literal('steered'), id: z.string().max(200), accepted: z.boolean() }),
  z.object({
    ...stamp,
    type: z.literal('question'),
    id: z.string().max(200),
    text: text(3_000),
    options: z.array(text(75)).max(10),
  }),
  z.object({
    ...stamp,
    type: z.literal('result'),
    result: z.discriminatedUnion('type', [
      z.object({
        type: z.literal('finished'),
        exitCode: z.number().int(),
        claim: text(8_000),
        unread: z.array(z.string().max(200)).max(1_000),
      }),
      z.object({ type: z.literal('failed'), code: failureCode, message: text(500) }),
    ]),
  }),
]);

/** Reads one record of the runner. It comes from hostile ground: whatever has another shape is undefined. */
export function parseRecord(value: unknown): RunnerRecord | undefined {
  const parsed = record.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}
