import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Forge } from './forge.ts';
import { git, tryGit } from './git.ts';
import type { PushHead } from './receive-pack.ts';
import { fits, rulesOf, wordsOf } from './rules.ts';
import { verifyCommit } from './signatures.ts';
import type { BranchRules, Repository } from './state.ts';

const nothing = /^0+$/;

/** Whether what is pushed has to be looked into before it is taken. */
export function looksInto(repository: Repository, { commands }: PushHead): boolean {
  return commands.some(({ ref }) => {
    const rules = rulesOf(repository, branchOf(ref));
    return rules !== undefined && (rules.requiredSignatures || rules.messagePattern || rules.emailPattern);
  });
}

/** What the commits of a push break of their branches' rules, by reference, in GitHub's words. The pack stays outside meanwhile. */
export async function brokenRules(
  forge: Forge,
  repository: Repository,
  { commands, bytes, end }: PushHead,
  rest: Buffer,
): Promise<ReadonlyMap<string, string>> {
  const path = forge.store.path(repository);
  const outside = await mkdtemp(join(tmpdir(), 'errand-push-'));
  try {
    await git(outside, ['init', '--quiet', '--bare', '--template=']);
    await mkdir(join(outside, 'objects', 'info'), { recursive: true });
    await writeFile(join(outside, 'objects', 'info', 'alternates'), `${join(path, 'objects')}\n`);
    const pack = Buffer.concat([bytes.subarray(end), rest]);
    if (pack.length > 0) await unpack(outside, pack);
    const known = (await git(path, ['for-each-ref', '--format=%(objectname)'])).split('\n').filter(Boolean);
    const broken = new Map<string, string>();
    for (const { ref, after } of commands) {
      const rules = rulesOf(repository, branchOf(ref));
      if (rules === undefined || nothing.test(after)) continue;
      const fresh = (await git(outside, ['rev-list', after, '--not', ...known])).split('\n').filter(Boolean);
      const words = await wordsFor(forge, outside, rules, fresh);
      if (words.length > 0) broken.set(ref, words.join('\n'));
    }
    return broken;
  } finally {
    await rm(outside, { recursive: true, force: true });
  }
}

async function unpack(outside: string, pack: Buffer): Promise<void> {
  const { code, stderr } = await tryGit(outside, ['unpack-objects', '-q'], { input: pack });
  if (code !== 0) throw new Error(`The pack of a push was refused: ${stderr}`);
}

async function wordsFor(
  forge: Forge,
  outside: string,
  rules: BranchRules,
  fresh: readonly string[],
): Promise<readonly string[]> {
  const breaking: { words: string; shas: string[] }[] = [];
  const note = (words: string, sha: string) => {
    const found = breaking.find((each) => each.words === words);
    if (found === undefined) breaking.push({ words, shas: [sha] });
    else found.shas.push(sha);
  };
  for (const sha of fresh) {
    const text = await git(outside, ['log', '-1', '--format=%ae%n%B', sha, '--']);
    const [email = '', ...message] = text.split('\n');
    if (rules.requiredSignatures && !(await verifyCommit(forge.store, forge.at, outside, sha)).verified) {
      note('Commits must have verified signatures.', sha);
    }
    const { messagePattern, emailPattern } = rules;
    if (messagePattern !== null && !fits(messagePattern, message.join('\n'))) {
      note(`Commit message ${wordsOf(messagePattern)}`, sha);
    }
    if (emailPattern !== null && !fits(emailPattern, email)) note(`Commit author email ${wordsOf(emailPattern)}`, sha);
  }
  return breaking.map(({ words, shas }) => {
    const count = `Found ${shas.length} ${shas.length === 1 ? 'violation' : 'violations'}`;
    return `- ${words}\n  ${count}:\n\n  ${shas.join('\n  ')}\n`;
  });
}

function branchOf(ref: string): string {
  return ref.replace(/^refs\/heads\//, '');
}
