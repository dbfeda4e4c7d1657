import { z } from 'zod';
import { gatewayKeysSchema } from './gateway-keys.ts';
import { limitsSchema } from './order.ts';
import { runtimeWishes } from './runtime.ts';

/** What the operator decides about sandboxes; nothing of it can be changed by an order. */
export const sandboxOptionsSchema = z.strictObject({
  /** `unix:///var/run/docker.sock` or the like. */
  dockerHost: z.string().min(1),
  /** Tells this Errand's things on the engine from another's. */
  instance: z.string().regex(/^[a-z0-9][a-z0-9-]{0,30}$/),
  /** Holds `workspaces/` and `bundles/`. */
  dataDir: z.string().startsWith('/'),
  /** Holds `g/`, the gateways' directories; short. */
  runDir: z.string().startsWith('/'),
  /** Image references by the key that an order names. */
  images: z.record(z.string(), z.string().min(1)),
  /** Directories below which a repository may lie. */
  repositoryDirs: z.array(z.string().startsWith('/')),
  maxLimits: limitsSchema,
  /** What a run's container starts. */
  command: z.array(z.string()).min(1).default(['node', '/opt/errand/runner.ts']),
  gateway: z.strictObject({
    entry: z.string().startsWith('/'),
    keys: gatewayKeysSchema.default({ providers: {}, mcp: {} }),
    /** Whether each gateway gets a user of its own: this process may change users. */
    ownUsers: z.boolean().default(false),
    env: z.record(z.string(), z.string()),
    startMs: z.number().int().positive().default(10_000),
  }),
  /** What set-up scripts get, by the repository's name in small letters; only this process knows the values. */
  setup: z
    .record(
      z.string(),
      z.strictObject({
        /** Told by pipe, and in no file. */
        secrets: z.record(z.string(), z.string().min(1)).default({}),
        /** Hosts that they may reach. */
        allow: z.array(z.string().min(1).max(253)),
        open: z.boolean().optional(),
        registries: z.boolean().optional(),
        timeoutMs: z.number().int().positive(),
      }),
    )
    .default({}),
  /** Whether sandboxes run on gVisor: where the engine has it, never, or always. */
  runtime: z.enum(runtimeWishes).default('auto'),
  /** No run starts while a disk that it needs has less. */
  minFreeBytes: z.number().int().nonnegative().default(0),
  /** Two Errands on one engine need ranges of 10,000 that don't overlap. */
  firstUid: z.number().int().min(1000).default(20_001),
  /** Who bundles are for; null is the user of this process. */
  bundleUser: z.number().int().nullable().default(null),
  /** Whether this process may try to mount loop devices: it is root. */
  mountable: z.boolean(),
});

export type SandboxOptions = z.output<typeof sandboxOptionsSchema>;

export type Log = (level: 'info' | 'warn', facts: object, message: string) => void;
