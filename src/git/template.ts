import type { Sha } from '../task/ids.ts';
import { type GitOrder, must, type TryGit } from './git.ts';

export interface TreeEntry {
  readonly path: string;
  readonly mode: string;
  readonly object: string;
  /** Bytes; NaN for a folder. */
  readonly size: number;
}

const maxTemplateBytes = 32 * 1024;
/** Where GitHub looks, the first place first. */
const folders = ['.github/', '', 'docs/'];
const single = /^pull_request_template(?:\.(?:md|markdown|txt))?$/i;
const several = /^pull_request_template$/i;
const preferred = /^(?:default|pull_request_template)(?:\.(?:md|markdown|txt))?$/i;

/**
 * The pull request template at a commit, from the places that GitHub looks in; null without one. Of a folder of several it is the one
 * called `default`, or the only one: GitHub itself takes none of them unasked.
 */
export async function readTemplate(git: TryGit, gitDir: string, base: Sha): Promise<string | null> {
  const at: GitOrder = { gitDir };
  const list = async (...paths: readonly string[]) =>
    parseTree(await must(git, ['ls-tree', '-z', '-l', base, ...(paths.length === 0 ? [] : ['--', ...paths])], at));
  const outer = [...(await list()), ...(await list('.github/', 'docs/'))];
  const folder = chooseFolder(outer);
  const chosen = chooseTemplate(outer) ?? (folder === undefined ? undefined : chooseOf(await list(`${folder.path}/`)));
  if (chosen === undefined) return null;
  const { code, stdout } = await git(['cat-file', 'blob', chosen.object], at);
  const text = stdout.replaceAll(/\r\n?/g, '\n').trim();
  return code !== 0 || text === '' || text.includes('\0') ? null : text;
}

function parseTree(text: string): readonly TreeEntry[] {
  return text.split('\0').flatMap((line) => {
    const [head = '', path = ''] = line.split('\t');
    const [mode = '', , object = '', size = ''] = head.split(/\s+/);
    return path === '' ? [] : [{ path, mode, object, size: Number(size) }];
  });
}

/** The one template of a repository; its name's case doesn't count. */
export function chooseTemplate(entries: readonly TreeEntry[]): TreeEntry | undefined {
  return folders.flatMap((folder) => entries.filter((each) => isIn(folder, each, single) && isText(each))).at(0);
}

export function chooseFolder(entries: readonly TreeEntry[]): TreeEntry | undefined {
  return folders.flatMap((folder) => entries.filter((each) => isIn(folder, each, several) && isFolder(each))).at(0);
}

export function chooseOf(entries: readonly TreeEntry[]): TreeEntry | undefined {
  const texts = entries.filter(isText);
  return texts.find(({ path }) => preferred.test(nameOf(path))) ?? (texts.length === 1 ? texts[0] : undefined);
}

function isIn(folder: string, { path }: TreeEntry, name: RegExp): boolean {
  return path.startsWith(folder) && name.test(path.slice(folder.length));
}

function isFolder({ mode }: TreeEntry): boolean {
  return mode === '040000';
}

/** A link would name something else than what the base branch holds here. */
function isText({ mode, size }: TreeEntry): boolean {
  return mode.startsWith('100') && size <= maxTemplateBytes;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
