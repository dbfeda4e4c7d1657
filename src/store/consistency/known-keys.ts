import type { Entry } from './snapshot.ts';

/** What a key that begins like this is, and whether Redis forgets it by itself. */
interface KnownKey {
  readonly begins: string;
  /** Whether that is the whole name. */
  readonly alone?: true;
  readonly type: 'string' | 'hash' | 'set' | 'zset' | 'stream' | 'list';
  readonly expires: 'always' | 'never' | 'either';
}

/** Every kind of key that Errand stores, the queue's aside. A new one in `keys.ts` needs its line here. */
const known: readonly KnownKey[] = [
  { begins: 'schema', alone: true, type: 'string', expires: 'never' },
  { begins: 'task:', type: 'hash', expires: 'never' },
  { begins: 'events:', type: 'stream', expires: 'never' },
  { begins: 'origin:', type: 'string', expires: 'never' },
  { begins: 'thread:', type: 'string', expires: 'never' },
  { begins: 'message:', type: 'string', expires: 'either' },
  { begins: 'fact:', type: 'string', expires: 'never' },
  { begins: 'cursor:', type: 'string', expires: 'always' },
  { begins: 'file:', type: 'string', expires: 'always' },
  { begins: 'files:until', alone: true, type: 'zset', expires: 'always' },
  { begins: 'files:sizes', alone: true, type: 'hash', expires: 'always' },
  { begins: 'files:sum', alone: true, type: 'string', expires: 'always' },
  { begins: 'crew', alone: true, type: 'zset', expires: 'never' },
  { begins: 'duty:', type: 'string', expires: 'always' },
  { begins: 'sent:', type: 'zset', expires: 'always' },
  { begins: 'attested:', type: 'string', expires: 'always' },
  { begins: 'inbox:', type: 'string', expires: 'either' },
  { begins: 'inbox-unsettled', alone: true, type: 'zset', expires: 'never' },
  { begins: 'inbox-attempts', alone: true, type: 'hash', expires: 'never' },
  { begins: 'reactions:', type: 'hash', expires: 'always' },
  { begins: 'turn:', type: 'string', expires: 'always' },
  { begins: 'draft:', type: 'string', expires: 'always' },
  { begins: 'choices:', type: 'string', expires: 'always' },
  { begins: 'lane:', type: 'hash', expires: 'either' },
  { begins: 'lanes:dirty', alone: true, type: 'zset', expires: 'never' },
  { begins: 'spending:day:', type: 'hash', expires: 'always' },
  { begins: 'spending:run:', type: 'hash', expires: 'always' },
  { begins: 'spending:reserved', alone: true, type: 'hash', expires: 'never' },
  { begins: 'spending:version', alone: true, type: 'string', expires: 'never' },
  { begins: 'tasks:unsettled', alone: true, type: 'zset', expires: 'never' },
  { begins: 'tasks:settled', alone: true, type: 'zset', expires: 'never' },
  // An Errand of store version 1 that still works beside this one makes it anew.
  { begins: 'tasks:settled:indexed', alone: true, type: 'string', expires: 'never' },
  { begins: 'tasks:open', alone: true, type: 'hash', expires: 'never' },
  { begins: 'tasks:on:', type: 'set', expires: 'never' },
  { begins: 'tasks:waiting', alone: true, type: 'hash', expires: 'never' },
  { begins: 'tasks:running:', type: 'set', expires: 'never' },
  { begins: 'tasks:served', alone: true, type: 'zset', expires: 'never' },
  { begins: 'hosts', alone: true, type: 'hash', expires: 'never' },
  { begins: 'hosts:lead', alone: true, type: 'string', expires: 'always' },
  { begins: 'health:notes', alone: true, type: 'hash', expires: 'never' },
  { begins: 'health:heard', alone: true, type: 'zset', expires: 'never' },
  { begins: 'tasks:recent', alone: true, type: 'zset', expires: 'never' },
];

/** Beside a lane's hash. */
const besideLanes = [
  { ends: ':pending', type: 'set', expires: 'never' },
  { ends: ':lock', type: 'string', expires: 'always' },
] as const;

/** Why a key should not be as it is; undefined for one that may. */
export function strangeness({ name, type, expires }: Entry): string | undefined {
  if (name.startsWith('jobs:')) return undefined;
  const beside = name.startsWith('lane:') ? besideLanes.find(({ ends }) => name.endsWith(ends)) : undefined;
  const rule = beside ?? known.find(({ begins, alone }) => (alone ? name === begins : name.startsWith(begins)));
  if (rule === undefined) return 'nothing of Errand’s is called that';
  if (rule.type !== type) return `it is a ${type} and should be a ${rule.type}`;
  if (rule.expires === 'always' && !expires) return 'it would stay for ever';
  if (rule.expires === 'never' && expires) return 'it would be gone one day';
  return undefined;
}
