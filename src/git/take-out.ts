import { join } from 'node:path';
import { parseSha, type Sha, type TaskId } from '../task/ids.ts';
import type { CommitWords, Imported } from '../task/ports/repositories.ts';
import { Problem } from '../task/problem.ts';
import type { SecretFinding } from '../task/task.ts';
import { BadBundle, openBundle } from './bundle.ts';
import { toCommitMessage } from './commit-words.ts';
import { type GitOrder, must, type TryGit } from './git.ts';
import { findSecretsAdded } from './look-through.ts';
import { type Change, refusalOf } from './path-policy.ts';
import { type ImportCaps, takeIn } from './quarantine.ts';
import { findSensitive } from './review.ts';
import { isWorkflow } from './sensitive.ts';
import { type Signer, signCommit } from './signing.ts';
import { countLines } from './size.ts';
import { together } from './together.ts';

export interface TakeOutOrder {
  readonly task: TaskId;
  readonly bundle: string;
  readonly start: Sha;
  /** The base branch's head that the run was given: what a reviewer is shown is the change against it. */
  readonly base: Sha;
  readonly words: CommitWords;
  /** The task's own repository, which `start` is in and the new commit goes to. */
  readonly taskRepository: string;
  /** Where quarantines are made. */
  readonly dir: string;
  readonly bot: { readonly name: string; readonly email: string };
  /** Null leaves the commit unsigned. */
  readonly signer: Signer | null;
  readonly caps: ImportCaps;
  readonly allowWorkflows: boolean;
  /** Files and folders whose secrets are none, as the base branch says. */
  readonly ignoreSecretsIn: readonly string[];
  /** Whether a text holds a secret of Errand's own. */
  readonly isOwnSecret: (text: string) => boolean;
}

/**
 * Takes the final tree of a hostile bundle, and nothing else of it, into the task's repository: one commit by the bot on top of `start`.
 * The same work with the same words gives the same commit, so a crash between this and the push costs nothing. Null when the tree is `start`'s. Throws `Problem` for what is refused.
 */
export async function takeOut(free: TryGit, order: TakeOutOrder): Promise<Imported | null> {
  const { start, caps, taskRepository } = order;
  try {
    await using bundle = await openBundle(order.bundle, caps.bundleBytes);
    await using quarantine = await takeIn(free, {
      task: order.task,
      bundle,
      borrowFrom: taskRepository,
      dir: order.dir,
      start,
      caps,
    });
    const { git } = quarantine;
    const at: GitOrder = { gitDir: quarantine.gitDir };
    const [trees, changes] = await together(
      must(git, ['rev-parse', `${bundle.head}^{tree}`, `${start}^{tree}`], at),
      readChanges(git, at, start, bundle.head),
    );
    const [tree = '', before] = trees.split('\n');
    if (tree === before) return null;
    checkPolicy(changes, order);
    const { own, ...secrets } = await findSecretsAdded(
      git,
      at,
      { from: start, to: tree, maxBytes: caps.addedBytes },
      { ignore: order.ignoreSecretsIn, isOwn: order.isOwnSecret },
    );
    if (own !== null) throw ownSecret(own);
    const forked = await git(['merge-base', order.base, start], at);
    const from = (forked.code === 0 ? parseSha(forked.stdout.trim()) : undefined) ?? start;
    const reviewed = from === start ? changes : await readChanges(git, at, from, tree);
    const [sensitive, files, head] = await together(
      findSensitive(git, at, { from, to: tree, changes: reviewed, maxBytes: caps.addedBytes }),
      countLines(git, at, start, tree),
      commit(git, at, tree, order),
    );
    return { head, files, sensitive, secrets };
  } catch (error) {
    if (!(error instanceof BadBundle)) throw error;
    throw refused('bundle_refused', `What the agent left was refused: ${error.message}`, error);
  }
}

/** Whoever approves it: what is in a branch is read by everybody who reads the repository. */
function ownSecret({ path, line }: SecretFinding): Problem {
  return new Problem({
    code: 'own_secret',
    sentence: `What the agent left was refused: line ${line} of ${JSON.stringify(path)} holds a secret of this Errand's own.`,
    next: 'Nothing was pushed. Whoever runs Errand finds out how it got there, and replaces that secret.',
  });
}

function refused(code: string, sentence: string, cause?: unknown): Problem {
  const next = 'Nothing was pushed. Reply in the thread to say what to do differently, or start the task anew.';
  return new Problem({ code, sentence: `${sentence}.`, next }, { cause });
}

/** The changed paths between two commits or trees. */
async function readChanges(git: TryGit, at: GitOrder, start: string, head: string): Promise<readonly Change[]> {
  const text = await must(git, ['diff-tree', '-r', '-z', '--raw', '--no-renames', '--no-abbrev', start, head], at);
  const parts = text.split('\0').filter((part) => part !== '');
  const changes: Change[] = [];
  for (let n = 0; n + 1 < parts.length; n += 2) {
    const [oldMode = '', newMode = '', , blob = ''] = (parts[n] ?? '').replace(/^:/, '').split(' ');
    changes.push({ path: parts[n + 1] ?? '', oldMode, newMode, blob });
  }
  return changes;
}

function checkPolicy(changes: readonly Change[], order: TakeOutOrder): void {
  const { caps } = order;
  if (changes.length > caps.changedFiles) {
    const count = `it changes ${changes.length} files, and ${caps.changedFiles} are allowed`;
    throw refused('too_many_files', `What the agent left was refused: ${count}`);
  }
  for (const change of changes) {
    const refusal = refusalOf(change);
    if (refusal !== undefined) throw refused('path_refused', `What the agent left was refused: it ${refusal}`);
  }
  const workflow = order.allowWorkflows ? undefined : changes.find(({ path }) => isWorkflow(path));
  if (workflow !== undefined) {
    throw refused(
      'workflow_refused',
      `What the agent left was refused: it changes ${JSON.stringify(workflow.path)}, which would run with the repository's secrets as soon as it is pushed`,
    );
  }
}

async function commit(git: TryGit, at: GitOrder, tree: string, order: TakeOutOrder): Promise<Sha> {
  const { start, taskRepository, bot } = order;
  const date = `${Math.floor(order.words.at / 1000)} +0000`;
  const env = {
    GIT_AUTHOR_NAME: bot.name,
    GIT_AUTHOR_EMAIL: bot.email,
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: bot.name,
    GIT_COMMITTER_EMAIL: bot.email,
    GIT_COMMITTER_DATE: date,
  };
  const args = ['commit-tree', tree, '-p', start, '-F', '-'];
  const made = await must(git, args, { ...at, env, input: toCommitMessage(order.words) });
  const head = parseSha(order.signer === null ? made : await signCommit(git, at, made, order.signer));
  if (head === undefined) throw new Error('git made no commit');
  // Only what the new commit reaches moves over; the agent's own commits stay behind and vanish with the quarantine.
  const pack = ['pack-objects', '--revs', '-q', join(taskRepository, 'objects', 'pack', 'pack')];
  await must(git, pack, { ...at, input: `${head}\n^${start}\n` });
  return head;
}
