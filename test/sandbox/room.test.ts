import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { checkRoom, engineRoom, measureRoom } from '../../src/sandbox/room.ts';

const facts = { rootDir: tmpdir() } as const;
const huge = 2 ** 60;

function engine(host: string, rootDir: string | null = facts.rootDir) {
  const known = {
    ...{ id: 'E' as never, architecture: 'x86_64', apparmor: false, kernel: '', runtimes: [], rootDir },
    limits: { memory: true, swap: true, cpu: true, pids: true },
  };
  return { host, facts: async () => known };
}

test('a disk with room keeps nothing from starting', async () => {
  const rooms = await measureRoom([tmpdir()], 1);
  expect(rooms).toMatchObject([{ path: tmpdir(), lacks: null }]);
  checkRoom(rooms, 1);
});

test('a disk with less than it takes keeps runs from starting, and says which it is in words that stay the same', async () => {
  const [first, second] = await Promise.all([measureRoom(['/', tmpdir()], huge), measureRoom(['/'], huge)]);
  const said = [first, second].map((rooms) => {
    try {
      return checkRoom(rooms, huge);
    } catch (error) {
      return error;
    }
  });
  expect(said[0]).toMatchObject({
    retry: true,
    failure: { code: 'disk_low', sentence: expect.stringContaining('at /.') },
  });
  expect(String(said[1])).toBe(String(said[0]));
});

test('a disk that has room and no names for files is as full', () => {
  const rooms = [{ path: '/data', freeBytes: huge, totalBytes: huge, lacks: 'names' }] as const;
  expect(() => checkRoom(rooms, 1)).toThrow(/hardly any files can be made at \/data/);
});

test('an engine on another machine is asked for no disk of this one', async () => {
  const options = { dataDir: tmpdir(), minFreeBytes: 0 };
  const paths = async (host: string) => (await engineRoom(engine(host, '/proc'), options)).map(({ path }) => path);
  expect(await paths('unix:///run/docker.sock')).toEqual([tmpdir(), '/proc']);
  expect(await paths('tcp://elsewhere:2375')).toEqual([tmpdir()]);
});

test('a disk that both lie on is told once, and a place that is not there not at all', async () => {
  const rooms = await measureRoom(['/proc', '/proc/1', '/no/such/place'], 0);
  expect(rooms.map(({ path }) => path)).toEqual(['/proc']);
});
