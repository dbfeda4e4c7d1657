import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { z } from 'zod';

const run = promisify(execFile);

export interface RegistryRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

export interface PackageRegistry extends AsyncDisposable {
  readonly url: string;
  /** All that it was asked, in order. */
  readonly requests: readonly RegistryRequest[];
}

/**
 * A small registry of npm (`/npm/`: `left`, which needs `right`), pip (`/pip/`: `sunny`, whose file lies elsewhere on this server) and apt
 * (`/debian`: `hello-errand`). `/npm/moved` redirects to `elsewhere`. Packages that are installed in `folders` are in npm's too.
 */
export async function startPackageRegistry(
  options: { host?: string; port?: number; elsewhere?: string; folders?: readonly string[] } = {},
): Promise<PackageRegistry> {
  const { host = '127.0.0.1', port = 0, elsewhere = 'https://elsewhere.example.com/moved', folders = [] } = options;
  const requests: RegistryRequest[] = [];
  const files = new Map<string, Buffer | string>();
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    requests.push({ method, url, headers });
    if (url === '/npm/moved') {
      response.writeHead(302, { location: elsewhere }).end();
      return;
    }
    const file = files.get(decodeURIComponent(url));
    response.writeHead(file === undefined ? 404 : 200, { 'content-type': typesOf(url) }).end(file ?? '{}');
  });
  await once(server.listen(port, host), 'listening');
  const url = `http://${host}:${(server.address() as AddressInfo).port}`;
  const folder = await mkdtemp(join(tmpdir(), 'errand-registry-'));
  try {
    await addNpm(files, folder, url, 'left', { right: '1.0.0' });
    await addNpm(files, folder, url, 'right', {});
    for (const installed of folders) await addInstalled(files, folder, url, installed);
    addWheel(files, url);
    await addDeb(files, folder);
  } finally {
    await rm(folder, { recursive: true });
  }
  return {
    url,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

/** The shell lines that set an image's package managers to this registry. */
export function pointedAt(url: string): string {
  return [
    `echo 'registry=${url}/npm/' > /opt/errand/node_modules/npm/npmrc`,
    `printf '[global]\\nindex-url = ${url}/pip/simple\\n' > /etc/pip.conf`,
    `rm -rf /etc/apt/sources.list.d; echo 'deb [trusted=yes] ${url}/debian ./' > /etc/apt/sources.list`,
  ].join('; ');
}

type Files = Map<string, Buffer | string>;

function typesOf(url: string): string {
  if (url.startsWith('/npm/') && !url.endsWith('.tgz')) return 'application/json';
  return url.startsWith('/pip/simple') ? 'text/html' : 'application/octet-stream';
}

/** A package as it was installed from its maker's. */
async function addInstalled(files: Files, folder: string, url: string, from: string): Promise<void> {
  const manifest = manifestSchema.parse(JSON.parse(await readFile(join(from, 'package.json'), 'utf8')));
  const { name, version, optionalDependencies: optional } = manifest;
  // Other platforms' parts are not installed here, and so not served.
  const served = Object.entries(optional).filter(
    ([each]) => existsSync(join(from, '..', each)) || existsSync(join(from, '../..', each)),
  );
  const file = join(folder, 'installed.tgz');
  // Fast rather than small.
  const transform = `--transform=s,^\\.,package,`;
  await run('tar', ['-c', '-I', 'gzip -1', '-f', file, transform, '--exclude=./node_modules', '-C', from, '.']);
  addVersion(
    files,
    url,
    name,
    version,
    { ...manifest, optionalDependencies: Object.fromEntries(served) },
    await readFile(file),
  );
}

const manifestSchema = z.looseObject({
  name: z.string(),
  version: z.string(),
  optionalDependencies: z.record(z.string(), z.string()).default({}),
});

function addVersion(files: Files, url: string, name: string, version: string, manifest: object, tarball: Buffer): void {
  const path = `/npm/${name}/-/${name.slice(name.indexOf('/') + 1)}-${version}.tgz`;
  files.set(path, tarball);
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
  const versions = { [version]: { ...manifest, dist: { tarball: `${url}${path}`, integrity } } };
  files.set(`/npm/${name}`, JSON.stringify({ name, 'dist-tags': { latest: version }, versions }));
}

async function addNpm(files: Files, folder: string, url: string, name: string, dependencies: object): Promise<void> {
  const manifest = { name, version: '1.0.0', main: 'index.js', dependencies };
  const code = `exports.name = '${name}';\n`;
  const tarball = await pack(join(folder, name), {
    'package/package.json': JSON.stringify(manifest),
    'package/index.js': code,
  });
  addVersion(files, url, name, '1.0.0', manifest, tarball);
}

function addWheel(files: Files, url: string): void {
  const info = 'sunny-1.0.0.dist-info';
  const entries = {
    'sunny.py': "word = 'sunshine'\n",
    [`${info}/METADATA`]: 'Metadata-Version: 2.1\nName: sunny\nVersion: 1.0.0\n',
    [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    [`${info}/RECORD`]: `sunny.py,,\n${info}/METADATA,,\n${info}/WHEEL,,\n${info}/RECORD,,\n`,
  };
  const wheel = zip(entries);
  const name = 'sunny-1.0.0-py3-none-any.whl';
  files.set(`/files/aa/${name}`, wheel);
  const hash = createHash('sha256').update(wheel).digest('hex');
  // The same machine by another name: files of a registry often lie on another host.
  const link = `${url}/files/aa/${name}#sha256=${hash}`;
  files.set('/pip/simple/sunny/', `<!DOCTYPE html><html><body><a href="${link}">${name}</a></body></html>`);
}

async function addDeb(files: Files, folder: string): Promise<void> {
  const control =
    'Package: hello-errand\nVersion: 1.0\nArchitecture: all\nMaintainer: Test <t@example.com>\nDescription: test\n';
  const members = {
    'debian-binary': Buffer.from('2.0\n'),
    'control.tar.gz': await pack(join(folder, 'control'), { control }),
    'data.tar.gz': await pack(join(folder, 'data'), { 'usr/share/hello-errand': 'hello\n' }),
  };
  const deb = Buffer.concat([
    Buffer.from('!<arch>\n'),
    ...Object.entries(members).flatMap(([name, bytes]) => {
      const head = `${name.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}${String(bytes.length).padEnd(10)}\`\n`;
      return [Buffer.from(head), bytes, Buffer.alloc(bytes.length % 2, '\n')];
    }),
  ]);
  const sha = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');
  const packages = `${control}Filename: ./hello-errand_1.0_all.deb\nSize: ${deb.length}\nSHA256: ${sha(deb)}\n`;
  files.set('/debian/./Packages', packages);
  files.set('/debian/./hello-errand_1.0_all.deb', deb);
  files.set('/debian/hello-errand_1.0_all.deb', deb);
  files.set('/debian/Packages', packages);
  const release = `Date: Sat, 01 Jan 2022 00:00:00 UTC\nSHA256:\n ${sha(packages)} ${packages.length} Packages\n`;
  files.set('/debian/Release', release);
  files.set('/debian/./Release', release);
}

async function pack(folder: string, files: Readonly<Record<string, string>>): Promise<Buffer> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  await run('tar', [
    '-czf',
    `${folder}.tgz`,
    '-C',
    folder,
    ...new Set(Object.keys(files).map((path) => path.split('/')[0] ?? path)),
  ]);
  return readFile(`${folder}.tgz`);
}

/** A zip of uncompressed files: local headers, then the directory of them, then its end. */
function zip(files: Readonly<Record<string, string>>): Buffer {
  const locals: Buffer[] = [];
  const entries: Buffer[] = [];
  let at = 0;
  for (const [name, content] of Object.entries(files)) {
    const data = Buffer.from(content);
    const fixed = Buffer.alloc(26);
    fixed.writeUInt16LE(20, 0);
    fixed.writeUInt32LE(0x00210000, 6);
    fixed.writeUInt32LE(crc32(data), 10);
    fixed.writeUInt32LE(data.length, 14);
    fixed.writeUInt32LE(data.length, 18);
    fixed.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), fixed, Buffer.from(name), data]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(at, 10);
    entries.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), fixed, tail, Buffer.from(name)]));
    locals.push(local);
    at += local.length;
  }
  const directory = Buffer.concat(entries);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(at, 12);
  return Buffer.concat([...locals, directory, Buffer.from('PK\x05\x06'), end]);
}
