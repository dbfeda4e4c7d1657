import { Redis } from 'ioredis';
import { expect, test, vi } from 'vitest';
import { createKeys } from '../../src/store/keys.ts';
import { createReactions } from '../../src/store/reactions.ts';
import { channel, ts } from '../task/example.ts';

test('reactions that are still asked about are kept for as long again, however old their task', async () => {
  const redis = new Redis({ lazyConnect: true });
  const expire = vi.spyOn(redis, 'expire').mockResolvedValue(1);
  vi.spyOn(redis, 'hkeys').mockResolvedValue(['U0ADA white_check_mark']);
  const keys = createKeys('errand');
  const known = await createReactions(redis, keys).known(channel, ts(1));
  expect(known).toEqual([{ by: 'U0ADA', name: 'white_check_mark' }]);
  expect(expire).toHaveBeenCalledWith(keys.reactions(channel, ts(1)), 90 * 24 * 3_600);
});
