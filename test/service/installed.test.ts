import { afterEach, expect, test, vi } from 'vitest';
import { shareInstalled } from '../../src/service/installed.ts';
import { problem, World } from '../app/world.ts';
import { repository } from '../task/example.ts';

const ending = new AbortController();
afterEach(() => vi.useRealTimers());

function sharing(failing: Error | null) {
  const world = new World();
  const remember = vi.spyOn(world.store, 'remember');
  const answers = [failing === null ? Promise.resolve([repository]) : Promise.reject(failing)];
  const installed = () => answers.shift() ?? Promise.resolve([repository]);
  return {
    remember,
    world,
    share: () => shareInstalled(installed, world.store, { log: world.log, signal: ending.signal }),
  };
}

test('a worker shares what the app is installed on', async () => {
  const { remember, share } = sharing(null);
  await share();
  expect(remember).toHaveBeenCalledWith('repositories', repository);
});

test('a worker starts while GitHub is down, and shares the list once GitHub answers', async () => {
  vi.useFakeTimers();
  const { remember, world, share } = sharing(problem('github_unreachable', { retry: true }));
  await share();
  expect(remember).not.toHaveBeenCalled();
  expect(world.logged).toEqual(['The installed repositories are not known anew']);
  await vi.advanceTimersByTimeAsync(5 * 60_000);
  expect(remember).toHaveBeenCalledWith('repositories', repository);
});

test('a worker whose app GitHub does not know says so at its start', async () => {
  const { share } = sharing(problem('github_app'));
  await expect(share()).rejects.toMatchObject({ failure: { code: 'github_app' } });
});
