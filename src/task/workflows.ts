export type WorkflowsRun = 'yes' | 'maybe' | 'no';

/** What a workflow file has under `on`, by event; null for one that can't be read. */
export type WorkflowEvents = Readonly<Record<string, unknown>> | null;

/** Reads a parsed workflow file. */
export function eventsOf(workflow: unknown): WorkflowEvents {
  const on = isRecord(workflow) ? workflow.on : undefined;
  if (on === undefined || on === null) return null;
  return isRecord(on) ? on : Object.fromEntries([on].flat().map((name) => [String(name), null]));
}

/** What of an unmarked commit on `head`, which goes into `base`, GitHub would run. */
export interface WorkflowRuns {
  /** On `push` or `pull_request`: a mark in the commit's message keeps these from running. */
  readonly markable: WorkflowsRun;
  /** On `pull_request_target`: they run the base's own code, whatever a commit says. */
  readonly target: WorkflowsRun;
}

/** Whether workflow files make GitHub run something, by how it can be kept from it. */
export function workflowRuns(workflows: readonly WorkflowEvents[], head: string, base: string): WorkflowRuns {
  const of = (event: string, branch: string) => workflows.map((events) => triggered(events, event, branch));
  return {
    markable: strongest([...of('push', head), ...of('pull_request', base)]),
    target: strongest(of('pull_request_target', base)),
  };
}

/**
 * Whether one event on one branch makes a workflow run. Filters on paths, and files that can't be read, make it a maybe: nothing says
 * whether a check will ever report.
 */
export function triggered(events: WorkflowEvents, event: string, branch: string): WorkflowsRun {
  if (events === null) return 'maybe';
  if (!(event in events)) return 'no';
  const filter = events[event];
  if (!isRecord(filter)) return 'yes';
  const { branches, tags } = filter;
  const ignored = filter['branches-ignore'];
  if (isList(branches) && !includesBranch(branches, branch)) return 'no';
  if (isList(ignored) && includesBranch(ignored, branch)) return 'no';
  if (tags !== undefined && branches === undefined && ignored === undefined) return 'no';
  return 'paths' in filter || 'paths-ignore' in filter || 'types' in filter ? 'maybe' : 'yes';
}

/** The answer that asks for the most care. */
export function strongest(answers: readonly WorkflowsRun[]): WorkflowsRun {
  if (answers.includes('yes')) return 'yes';
  return answers.includes('maybe') ? 'maybe' : 'no';
}

/** A filter may be a list, or one pattern alone. */
function isList(filter: unknown): filter is string | readonly unknown[] {
  return Array.isArray(filter) || typeof filter === 'string';
}

/** The last pattern that matches wins; `!` takes out again. */
function includesBranch(patterns: string | readonly unknown[], branch: string): boolean {
  return [patterns]
    .flat()
    .map(String)
    .reduce((included, pattern) => {
      const negative = pattern.startsWith('!');
      return matches(negative ? pattern.slice(1) : pattern, branch) ? !negative : included;
    }, false);
}

/**
 * By GitHub's filter patterns: `*` within a name's part, `**` across, `?` and `+` after a character, `[…]`. One that can't be read
 * matches. Takes steps in the product of both lengths at most, whatever is in the pattern.
 */
function matches(pattern: string, branch: string): boolean {
  if (pattern.length > 200) return true;
  const pieces = piecesOf(pattern);
  if (pieces === null) return true;
  const characters = [...branch];
  // Which beginnings of the branch, by their length, the pieces so far can stand for.
  let reached = [true, ...characters.map(() => false)];
  for (const { fits, optional, repeated } of pieces) {
    const next = [optional && reached[0] === true];
    for (const [at, character] of characters.entries()) {
      const before = reached[at] === true || (repeated && next[at] === true);
      next.push((before && fits(character)) || (optional && reached[at + 1] === true));
    }
    reached = next;
  }
  return reached.at(-1) === true;
}

/** What stands for one character, or for none or several of its kind. */
interface Piece {
  readonly fits: (character: string) => boolean;
  readonly optional: boolean;
  readonly repeated: boolean;
}

/** A pattern's pieces; null where it can't be read. */
function piecesOf(pattern: string): readonly Piece[] | null {
  const pieces: Piece[] = [];
  for (const [token] of pattern.matchAll(/\*\*|[*?+]|\[[^\]]*\]|./gsu)) {
    if (token !== '?' && token !== '+') {
      const piece = pieceOf(token);
      if (piece === null) return null;
      pieces.push(piece);
      continue;
    }
    const last = pieces.pop();
    if (last === undefined) return null;
    pieces.push(token === '?' ? { ...last, optional: true } : { ...last, repeated: true });
  }
  return pieces;
}

function pieceOf(token: string): Piece | null {
  if (token === '**') return { fits: () => true, optional: true, repeated: true };
  if (token === '*') return { fits: (character) => character !== '/', optional: true, repeated: true };
  const one = { optional: false, repeated: false };
  if (!token.startsWith('[') || token === '[') return { fits: (character) => character === token, ...one };
  try {
    const set = new RegExp(`^${token}$`, 'u');
    return { fits: (character) => set.test(character), ...one };
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
