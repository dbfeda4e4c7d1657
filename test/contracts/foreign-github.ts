import { execFile, spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { Octokit } from 'octokit';

const run = promisify(execFile);
const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

export interface ForeignGithub extends AsyncDisposable {
  /** What `GITHUB_URL` is set to. */
  readonly url: string;
  /** What `GITHUB_API_URL` is set to, as an Enterprise Server has it. */
  readonly apiUrl: string;
  head(branch: string): Promise<string>;
  file(branch: string, path: string): Promise<string>;
}

/**
 * What a GitHub API lacks that has no git: git over HTTP for one repository, through git's own `http-backend`. Each branch that is pushed
 * is told to that API commit by commit, which names them alike, for a commit's name is its content. Calls of the API pass through;
 * only commit statuses, which it doesn't have, are answered here, with none.
 */
export async function startForeignGithub(options: {
  folder: string;
  repository: string;
  token: string;
  apiUrl: string;
  files: Readonly<Record<string, string>>;
}): Promise<ForeignGithub> {
  const { folder, repository, token } = options;
  const path = join(folder, `${repository}.git`);
  await mkdir(path, { recursive: true });
  const git = async (args: readonly string[], input = '') => {
    const running = run('git', ['-C', path, ...args], { encoding: 'buffer', maxBuffer: 2 ** 26 });
    // Most commands read nothing and may have ended by now.
    running.child.stdin?.on('error', () => undefined).end(input);
    return (await running).stdout;
  };
  const line = async (args: readonly string[], input = '') => (await git(args, input)).toString('utf8').trim();
  await line(['init', '--quiet', '--bare', '--initial-branch=main', '.']);
  await line(['config', 'http.receivepack', 'true']);
  const import_ = ['commit refs/heads/main', 'committer Dana <dana@example.com> 1700000000 +0000', 'data 6', 'Start\n'];
  for (const [name, text] of Object.entries(options.files)) {
    import_.push(`M 644 inline ${name}`, `data ${Buffer.byteLength(text)}`, text);
  }
  await line(['fast-import', '--quiet'], `${import_.join('\n')}\n`);

  const [owner = '', repo = ''] = repository.split('/');
  const target = { owner, repo };
  const { rest } = new Octokit({
    auth: token,
    baseUrl: options.apiUrl,
    log: quiet,
    retry: { enabled: false },
    throttle: { enabled: false },
  });

  /** Tells the API of a branch as git has it. */
  async function tell(branch: string): Promise<void> {
    const head = await line(['rev-parse', `refs/heads/${branch}`]);
    for (const sha of (await line(['rev-list', '--reverse', head])).split('\n')) await tellCommit(sha);
    const ref = `heads/${branch}`;
    const known = await rest.git.getRef({ ...target, ref }).catch(() => null);
    if (known === null) await rest.git.createRef({ ...target, ref: `refs/${ref}`, sha: head });
    else await rest.git.updateRef({ ...target, ref, sha: head, force: true });
  }

  async function tellCommit(sha: string): Promise<void> {
    const entries = (await line(['ls-tree', '-r', sha])).split('\n').flatMap((entry) => {
      const parts = /^(100644|100755|120000) blob ([0-9a-f]{40})\t(.+)$/.exec(entry);
      return parts === null ? [] : [{ mode: parts[1] ?? '', object: parts[2] ?? '', file: parts[3] ?? '' }];
    });
    for (const { object } of entries) {
      const content = (await git(['cat-file', 'blob', object])).toString('base64');
      await rest.git.createBlob({ ...target, content, encoding: 'base64' });
    }
    const tree = await rest.git.createTree({
      ...target,
      tree: entries.map(({ mode, object, file }) => ({
        path: file,
        mode: mode === '100755' ? '100755' : '100644',
        type: 'blob' as const,
        sha: object,
      })),
    });
    const format = ['%P', '%an', '%ae', '%aI', '%cn', '%ce', '%cI'].join('%x00');
    const [parents = '', an = '', ae = '', ad = '', cn = '', ce = '', cd = ''] = (
      await line(['show', '--no-patch', `--format=${format}`, sha])
    ).split('\0');
    const raw = (await git(['cat-file', 'commit', sha])).toString('utf8');
    const made = await rest.git.createCommit({
      ...target,
      message: raw.slice(raw.indexOf('\n\n') + 2),
      tree: tree.data.sha,
      parents: parents.split(' ').filter(Boolean),
      author: { name: an, email: ae, date: ad },
      committer: { name: cn, email: ce, date: cd },
    });
    if (made.data.sha !== sha) throw new Error(`The API names commit ${sha} ${made.data.sha}`);
  }

  async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').slice('/api/v3'.length);
    const [, sha] = /^\/repos\/[^/]+\/[^/]+\/commits\/([^/?]+)\/status(?:\?|$)/.exec(path) ?? [];
    if (sha !== undefined) {
      request.resume();
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ state: 'pending', sha, statuses: [], total_count: 0 }));
      return;
    }
    const { host: _, connection: __, 'content-length': ___, ...headers } = request.headers;
    const sent = await buffer(request);
    const answer = await fetch(`${options.apiUrl}${path}`, {
      method: request.method ?? 'GET',
      headers: Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]),
      ...(sent.length === 0 ? {} : { body: sent }),
    });
    const kept = [...answer.headers].filter(([name]) => !/^(content-(length|encoding)|transfer-encoding)$/.test(name));
    response.writeHead(answer.status, Object.fromEntries(kept)).end(Buffer.from(await answer.arrayBuffer()));
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url?.startsWith('/api/v3/')) return forward(request, response);
    const url = new URL(request.url ?? '/', 'http://git');
    const [, secret = ''] = /^Basic (.+)$/.exec(request.headers.authorization ?? '') ?? [];
    if (!Buffer.from(secret, 'base64').toString('utf8').endsWith(`:${token}`)) {
      request.resume();
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
      return;
    }
    const heads = () => line(['for-each-ref', '--format=%(objectname) %(refname:lstrip=2)', 'refs/heads']);
    const before = (await heads()).split('\n');
    const child = spawn('git', ['http-backend'], {
      env: {
        PATH: process.env.PATH,
        GIT_HTTP_EXPORT_ALL: '1',
        GIT_PROJECT_ROOT: folder,
        REMOTE_USER: owner,
        PATH_INFO: url.pathname,
        QUERY_STRING: url.search.slice(1),
        REQUEST_METHOD: request.method,
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
        GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    request.pipe(child.stdin);
    const answer = await buffer(child.stdout);
    const end = answer.indexOf('\r\n\r\n');
    const headers = answer
      .toString('latin1', 0, end)
      .split('\r\n')
      .map((each) => each.split(/:\s*/, 2));
    const { Status: status = '200', ...others } = Object.fromEntries(headers);
    const moved = (await heads()).split('\n').filter((each) => !before.includes(each));
    for (const each of moved) await tell(each.slice(each.indexOf(' ') + 1));
    response.writeHead(Number.parseInt(status, 10), others).end(answer.subarray(end + 4));
  }

  await tell('main');
  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      response.destroy();
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  return {
    url,
    apiUrl: `${url}/api/v3`,
    head: (branch) => line(['rev-parse', `refs/heads/${branch}`]),
    file: async (branch, file) => (await git(['show', `${branch}:${file}`])).toString('utf8'),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
