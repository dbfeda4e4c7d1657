import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { Actor } from './apps.ts';
import type { Forge } from './forge.ts';
import { gitEnvironment } from './git.ts';
import { brokenRules, looksInto } from './push-rules.ts';
import { type PushHead, readPushHead, refusePush } from './receive-pack.ts';
import { rulesOf } from './rules.ts';
import type { Repository } from './state.ts';

const route = /^\/([^/]+)\/([^/]+?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)$/;

/** True for the paths that git itself asks for. */
export function isGitPath(path: string): boolean {
  return route.test(path);
}

/**
 * Serves one git request through `git http-backend`, for whoever holds a token. With `loseAnswer` the request is carried out and the
 * connection cut before the answer, as a network does.
 */
export async function serveGit(
  forge: Forge,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  loseAnswer: boolean,
): Promise<void> {
  const url = new URL(incoming.url ?? '/', 'http://forge');
  const [, owner = '', name = '', service = ''] = route.exec(url.pathname) ?? [];
  const actor = authenticate(forge, incoming.headers.authorization ?? '');
  if (actor === undefined || actor.type === 'app') {
    const words = incoming.headers.authorization === undefined ? '' : 'Invalid username or token.\n';
    refuse(incoming, outgoing, 401, words, { 'www-authenticate': 'Basic realm="GitHub"' });
    return;
  }
  const repository = forge.store.find(owner, name);
  if (repository === undefined || !forge.mayReach(actor, repository)) {
    refuse(incoming, outgoing, 404, 'Repository not found.\n');
    return;
  }
  const pushes = service === 'git-receive-pack' || url.searchParams.get('service') === 'git-receive-pack';
  if (!forge.may(actor, 'contents', pushes ? 'write' : 'read')) {
    refuse(incoming, outgoing, 403, pushes ? 'Write access to repository not granted.\n' : 'Repository not found.\n');
    return;
  }
  const { login } = actor;
  const child = () => startBackend(forge.store.path(repository), service, url.search, login, incoming);
  if (service !== 'git-receive-pack') {
    await streamAnswer(child(), incoming, outgoing, loseAnswer);
    return;
  }
  const head = await readPushHead(incoming);
  const refused = refusals(repository, head);
  const held = refused.size === 0 && looksInto(repository, head) ? await buffer(incoming) : undefined;
  const broken = held === undefined ? refused : await brokenRules(forge, repository, head, held);
  const [first] = broken;
  if (first !== undefined) {
    if (held === undefined) for await (const _ of incoming);
    const [ref, words] = first;
    const isRule = words.startsWith('- ');
    const reasons = Array.from(broken, ([each, why]): [string, string] => [each, isRule ? declined : why]);
    outgoing.writeHead(200, { 'content-type': 'application/x-git-receive-pack-result' });
    outgoing.end(refusePush(head, new Map(reasons), isRule ? ruleRemark(forge, repository, ref, words) : words));
    return;
  }
  // The answer waits until the moved references are recorded: whoever reads it may ask about them at once.
  const answer = await forge.changing(repository, login, () => holdAnswer(child(), head.bytes, held ?? incoming));
  if (loseAnswer) outgoing.destroy();
  else outgoing.writeHead(answer.status, answer.headers).end(answer.body);
}

function refuse(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  status: number,
  words: string,
  headers: Record<string, string> = {},
): void {
  incoming.resume();
  outgoing.writeHead(status, { 'content-type': 'text/plain', ...headers }).end(words);
}

function authenticate(forge: Forge, authorization: string): Actor | undefined {
  const [scheme = '', value = ''] = authorization.split(' ');
  if (/^(?:bearer|token)$/i.test(scheme)) return forge.actorOf(value);
  if (!/^basic$/i.test(scheme)) return undefined;
  const text = Buffer.from(value, 'base64').toString('utf8');
  return forge.actorOf(text.slice(text.indexOf(':') + 1));
}

const declined = 'push declined due to repository rule violations';

/** What GitHub says on a push that breaks rules; git shows it line by line as the remote's. */
function ruleRemark(forge: Forge, repository: Repository, ref: string, words: string): string {
  const at = `${forge.at.page}/${repository.owner}/${repository.name}/rules?ref=${encodeURIComponent(ref)}`;
  return `error: GH013: Repository rule violations found for ${ref}.\nReview all repository rules at ${at}\n\n${words}`;
}

function refusals(repository: Repository, head: PushHead): ReadonlyMap<string, string> {
  const reasons = new Map<string, string>();
  for (const { ref, before } of head.commands) {
    const branch = ref.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : undefined;
    if (repository.archived) reasons.set(ref, 'repository is archived and read-only');
    else if (ref.startsWith('refs/pull/')) reasons.set(ref, 'deny updating a hidden ref');
    else if (branch !== undefined && rulesOf(repository, branch)?.pullRequestRequired === true) {
      reasons.set(ref, '- Changes must be made through a pull request.\n');
    } else if (
      branch !== undefined &&
      /^0+$/.test(before) &&
      rulesOf(repository, branch)?.creationRestricted === true
    ) {
      reasons.set(ref, '- Cannot create ref due to creations being restricted.\n');
    }
  }
  return reasons;
}

function startBackend(
  path: string,
  service: string,
  search: string,
  login: string,
  incoming: IncomingMessage,
): ChildProcessWithoutNullStreams {
  const header = (name: string) => {
    const value = incoming.headers[name];
    return typeof value === 'string' ? value : '';
  };
  const length = header('content-length');
  const child = spawn('git', ['http-backend'], {
    env: {
      ...gitEnvironment,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_PROJECT_ROOT: path,
      PATH_INFO: `/${service}`,
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: incoming.method ?? 'GET',
      CONTENT_TYPE: header('content-type'),
      HTTP_CONTENT_ENCODING: header('content-encoding'),
      GIT_PROTOCOL: header('git-protocol'),
      REMOTE_USER: login,
      ...(length === '' ? {} : { CONTENT_LENGTH: length }),
    },
  });
  child.stderr.resume();
  // The backend may stop reading early; its answer says why.
  child.stdin.on('error', () => undefined);
  return child;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

async function holdAnswer(
  child: ChildProcessWithoutNullStreams,
  sent: Buffer,
  rest: IncomingMessage | Buffer,
): Promise<Answer> {
  child.stdin.write(sent);
  if ('pipe' in rest) rest.pipe(child.stdin);
  else child.stdin.end(rest);
  const whole = await buffer(child.stdout);
  const end = whole.indexOf('\r\n\r\n');
  if (end === -1) return { status: 500, headers: {}, body: Buffer.alloc(0) };
  return { ...parseHead(whole.toString('latin1', 0, end)), body: whole.subarray(end + 4) };
}

async function streamAnswer(
  child: ChildProcessWithoutNullStreams,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  loseAnswer: boolean,
): Promise<void> {
  incoming.pipe(child.stdin);
  outgoing.on('close', () => child.kill());
  let head: Buffer = Buffer.alloc(0);
  await pipeline(
    child.stdout,
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        if (outgoing.headersSent) {
          yield chunk;
          continue;
        }
        head = Buffer.concat([head, chunk]);
        const end = head.indexOf('\r\n\r\n');
        if (end === -1) continue;
        if (loseAnswer) throw new Error('the answer is lost on purpose');
        const { status, headers } = parseHead(head.toString('latin1', 0, end));
        outgoing.writeHead(status, headers);
        yield head.subarray(end + 4);
      }
    },
    outgoing,
  ).catch(() => outgoing.destroy());
}

function parseHead(text: string): { status: number; headers: Readonly<Record<string, string>> } {
  const pairs = text.split('\r\n').map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  const { status, ...headers } = Object.fromEntries(pairs);
  return { status: status === undefined ? 200 : Number.parseInt(status, 10), headers };
}
