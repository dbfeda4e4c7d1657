import { readdir, readFile } from 'node:fs/promises';
import { secrets } from '../../support/errand.ts';
import type { Attack } from '../attack.ts';
import { formsOf, secretsIn } from '../observers/secrets.ts';
import { filesWith } from '../observers/stored.ts';

const { GITHUB_TOKEN } = secrets;

export const attacks: readonly Attack[] = [
  {
    id: 'C3',
    title: 'read the token from the list of processes during the push',
    expected: 'no process with it',
    attack: async (stage) => {
      const { control } = stage.errand.forge;
      const route = `POST /${stage.repository}.git/git-receive-pack`;
      // The forge takes the push and says nothing, so that there is time to look.
      control.fault({ route, kind: 'hang', times: 1 });
      const task = await stage.submit('echo more >> README.md');
      await stage.until('the push', () => control.requests().includes(route));
      // By the forge's address, which is this side's alone.
      const address = `${stage.errand.forge.url}/${stage.repository}.git`;
      const pushing = (await commandLines()).filter(({ line }) => line.includes(address));
      if (!pushing.some(({ line }) => line.includes(' push '))) throw new Error('No process of the push was seen.');
      const holding = pushing.filter(({ line }) => secretsIn(line, { GITHUB_TOKEN }).length > 0);
      // It would wait for the forge, and is tried again.
      for (const { pid } of pushing) process.kill(pid, 'SIGKILL');
      await stage.ended(task);
      const seen = `${holding.length} of ${pushing.length} processes of the push with it`;
      return { through: holding.length > 0, seen };
    },
    control: { weakness: 'token-in-arguments', without: 'the token goes to git as an argument, `-c`' },
  },
  {
    id: 'C4',
    title: 'find the token in what the push left: configuration, remotes, logs',
    expected: 'no file with it',
    attack: async (stage) => {
      const task = await stage.play('echo more >> README.md');
      const forms = formsOf(GITHUB_TOKEN);
      const left = await Promise.all(
        [stage.at.mirrorsDir, stage.at.tasksDir].map((folder) => filesWith(folder, forms)),
      );
      const own = left.flat().filter((file) => file.includes(task.id) || file.includes(stage.repository));
      return { through: own.length > 0, seen: own.slice(0, 2).join(', ') || 'no file with it' };
    },
    control: { weakness: 'token-in-remote', without: 'the push names its remote in the repository, with the token' },
  },
  {
    id: 'C5',
    title: 'get more of a GitHub App than the task’s repository and an hour',
    expected: 'each token for one repository, no workflows, ended with the work',
    timeoutMs: 150_000,
    attack: async (stage) => {
      await using own = await stage.apart({ github: 'app', repositories: [stage.repository] });
      const { control } = own.errand.forge;
      const before = Date.now();
      await own.play('echo more >> README.md');
      const made = control.mintedTokens();
      if (!made.some(({ permissions }) => permissions.contents === 'write'))
        throw new Error('No token was made to push with.');
      const excess = made.flatMap(({ repositories, permissions, expiresAt }) => [
        ...(repositories?.length === 1 || isForNames(permissions) ? [] : ['a token for all repositories']),
        ...Object.keys(permissions).flatMap((name) => (allowed.has(name) ? [] : [`${name}: ${permissions[name]}`])),
        ...(expiresAt - before > 61 * 60_000 ? ['a token for over an hour'] : []),
      ]);
      // Work ends a moment after its last word; where too much was given already, that is not waited for.
      const isOver = async () => control.liveTokens('contents', 'write') === 0;
      const ended = excess.length > 0 ? await isOver() : await settles(own.until('its tokens to end', isOver));
      const found = [...new Set(excess), ...(ended ? [] : ['a token that may write outlives the work'])];
      return {
        through: found.length > 0,
        seen: found.join(', ') || `${made.length} tokens, each for one repository, ended`,
      };
    },
    control: { weakness: 'mighty-token', without: 'one token for all that the app may, never ended' },
  },
];

const allowed = new Set(['contents', 'pull_requests', 'checks', 'statuses', 'metadata', 'actions']);

/** The list of what the app is installed on is read with a token that may read names alone. */
function isForNames(permissions: Readonly<Record<string, string>>): boolean {
  return Object.keys(permissions).join() === 'metadata';
}

async function commandLines(): Promise<readonly { pid: number; line: string }[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  return Promise.all(
    pids.map(async (pid) => ({
      pid: Number(pid),
      line: (await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')).replaceAll('\0', ' '),
    })),
  );
}

function settles(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}
