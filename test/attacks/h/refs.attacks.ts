import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import type { Attack } from '../attack.ts';
import type { Stage } from '../stage.ts';
import { approve, forgePull, gitOf, movedByErrand, pullOf, saying, toGate } from './gate.ts';

/** The forge hears on loopback alone; whoever has a network card finds it at any address of this port. */
async function openWayToForge({ errand }: Stage): Promise<{ port: number } & AsyncDisposable> {
  const server: Server = createServer((client) => {
    const forge = connect(errand.forge.port, '127.0.0.1');
    client.on('error', () => forge.destroy());
    forge.on('error', () => client.destroy());
    client.pipe(forge).pipe(client);
  });
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { port, [Symbol.asyncDispose]: async () => void server.close() };
}

export const attacks: readonly Attack[] = [
  {
    id: 'H1',
    title: 'push main, branches, tags, notes, pull refs, token in hand',
    expected: 'one new branch, the task’s; no other ref moves',
    attack: async (stage) => {
      await using way = await openWayToForge(stage);
      const token = stage.errand.env.GITHUB_TOKEN ?? '';
      const path = `acme/${stage.repository.slice('acme/'.length)}.git`;
      const task =
        await stage.play(`echo evil > note.txt; git add note.txt; git -c user.name=m -c user.email=m commit -qm evil
git branch -f evil; git branch -f main 2>/dev/null; git tag -f v9; git notes add -f -m evil HEAD
git update-ref refs/pull/1/head HEAD; git update-ref refs/heads/errand/t HEAD
refs='HEAD:refs/heads/main HEAD:refs/heads/other HEAD:refs/tags/v9 HEAD:refs/notes/commits HEAD:refs/pull/1/head HEAD:refs/heads/errand/t'
url=http://x-access-token:${token}@198.51.100.7:${way.port}/${path}
exec >/dev/null 2>&1
timeout 6 git push --force "$url" HEAD:refs/heads/main
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY all_proxy
for ref in $refs :refs/heads/main; do timeout 6 git push --force "$url" "$ref"; done
true`);
      const others = movedByErrand(stage).filter((ref) => ref !== `refs/heads/${task.branch}`);
      const seen =
        others.length === 0 ? 'refs: only the task’s' : `moved ${[...new Set(others)].slice(0, 3).join(', ')}`;
      return { through: others.length > 0, seen };
    },
    control: { weakness: 'network', without: 'a network card, with a way to the forge' },
  },
  {
    id: 'H2',
    timeoutMs: 180_000,
    title: 'push to the task’s branch over what a person pushed there',
    expected: 'pushed, on top of the person’s commit',
    attack: async (stage) => {
      const { control } = stage.errand.forge;
      const task = await stage.hold(
        'echo note > note.txt; [ ! -e by-hand.txt ] || exit 0',
        async ({ task: { branch, id } }) => {
          const files = { 'by-hand.txt': 'mine\n' };
          const sha = await control.commit({ repository: stage.repository, branch, files, message: 'By hand' });
          return { id, branch, sha };
        },
      );
      const head = await control.branchHead(stage.repository, task.branch);
      const pushed = movedByErrand(stage).includes(`refs/heads/${task.branch}`);
      if (!pushed || head === undefined) throw new Error(`nothing was pushed to ${task.branch}\n${stage.thread()}`);
      const log = (await gitOf(stage, 'log', '--format=%H', head, '--')) ?? '';
      const through = !log.split('\n').includes(task.sha);
      return { through, seen: through ? 'the person’s commit is lost' : 'pushed, and the person’s commit is below' };
    },
    control: { weakness: 'no-lease', without: 'lease on the head that the run began with' },
  },
  {
    id: 'H8',
    title: 'a branch of the task’s name is there before its first run',
    expected: 'refused, and the other’s branch stays',
    attack: async (stage) => {
      const { control } = stage.errand.forge;
      // The first look at the forge fails, so that somebody is quicker than the run.
      const route = `GET /${stage.repository}.git/info/refs`;
      control.fault({ route, kind: 'status', status: 502 });
      const task = await stage.submit('echo note > note.txt');
      const files = { 'by-hand.txt': 'mine\n' };
      const order = { repository: stage.repository, branch: task.branch, files, message: 'By hand' };
      const sha = await control.commit(order);
      await stage.ended(task);
      const moved = movedByErrand(stage);
      const head = await control.branchHead(stage.repository, task.branch);
      const through = moved.length > 0 || head !== sha;
      return { through, seen: through ? `moved ${moved.join(', ')}` : 'the branch is as it was' };
    },
    control: { weakness: 'any-branch', without: 'a look at whose branch it is; the push is forced' },
  },
  {
    id: 'H9',
    timeoutMs: 180_000,
    title: 'push another commit to the branch after the approval',
    expected: 'the approval is void, nothing merged',
    attack: async (stage) => {
      const { control } = stage.errand.forge;
      await control.setRules(stage.repository, 'main', { requiredChecks: ['build'] });
      const task = await toGate(stage);
      await approve(stage);
      await stage.until('the wait for the check', () => saying(stage, 'not merged yet'));
      const files = { 'evil.txt': 'evil\n' };
      const sha = await control.commit({ repository: stage.repository, branch: task.branch, files, message: 'More' });
      await control.setCheck({ repository: stage.repository, sha, name: 'build', conclusion: 'success' });
      await stage.until('the end of the approval', async () => {
        const pull = await pullOf(stage, task);
        return pull.type === 'merged' || (pull.type === 'open' && pull.pull.head === sha);
      });
      const evil = (await gitOf(stage, 'cat-file', '-e', 'main:evil.txt')) !== null;
      const merged = (await forgePull(stage))?.state === 'merged';
      return {
        through: evil || merged,
        seen: merged ? 'the unseen commit is on main' : 'approval void, pull request open',
      };
    },
    control: { weakness: 'any-head', without: 'sha in the merge call, and the look at the head' },
  },
];
