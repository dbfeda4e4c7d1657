import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import Docker from 'dockerode';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hostCertificates } from '../../src/setup/certificates.ts';
import { readPidFile, writePidFile } from '../../src/setup/daemon.ts';
import { imageInputs } from '../../src/setup/image.ts';
import { type Places, places } from '../../src/setup/places.ts';

const project = resolve(import.meta.dirname, '../..');
const docker = new Docker();
let at: Places;
let env: NodeJS.ProcessEnv;

/** Runs a script of set-up as `npm start` and `npm run down` do, on a data folder of this test's own. */
function script(name: 'prepare' | 'down', changes: NodeJS.ProcessEnv = {}) {
  const args = [join(project, `src/setup/${name}.ts`), 'start'];
  const ran = spawnSync(process.execPath, args, { env: { ...env, ...changes }, encoding: 'utf8' });
  return { status: ran.status, stdout: ran.stdout, stderr: ran.stderr };
}

beforeEach(() => {
  const ERRAND_DATA_DIR = mkdtempSync(join(tmpdir(), 'errand-setup-'));
  env = { ...process.env, ERRAND_DATA_DIR };
  delete env.REDIS_URL;
  at = places({ ...env, ERRAND_DATA_DIR });
});
afterEach(() => {
  script('down');
  for (const folder of [at.dataDir, at.runDir]) rmSync(folder, { recursive: true, force: true });
});

describe('set-up', () => {
  it('starts a private Redis and finds the image that an earlier one built', async () => {
    expect(script('prepare')).toMatchObject({
      status: 0,
      stderr: '',
      stdout: expect.stringMatching(/^Starting a private/),
    });
    const { tag, hash } = imageInputs(join(project, 'sandbox'), hostCertificates());
    const { Id: id } = await docker.getImage(tag).inspect();
    expect(JSON.parse(readFileSync(at.imageFile, 'utf8'))).toEqual({ id, tag, hash });
  });

  it('changes and says nothing when all is in place', () => {
    script('prepare');
    const redis = readPidFile(at.redisPidFile);
    expect(script('prepare')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(readPidFile(at.redisPidFile)).toBe(redis);
  });

  it('keeps what a killed Redis had acknowledged, and evicts nothing', async () => {
    script('prepare');
    const before = new Redis(at.redisSocket, { lazyConnect: true, retryStrategy: () => null });
    await before.connect();
    before.on('error', () => {});
    expect(await before.set('request', 'acknowledged')).toBe('OK');
    expect(await before.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction']);
    const ended = once(before, 'end');
    process.kill(readPidFile(at.redisPidFile) ?? 0, 'SIGKILL');
    await ended;
    script('prepare');
    const after = new Redis(at.redisSocket);
    expect(await after.get('request')).toBe('acknowledged');
    await after.quit();
  });

  it('leaves Redis to whoever named one', () => {
    expect(script('prepare', { REDIS_URL: 'redis://127.0.0.1:1' })).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(existsSync(at.redisSocket)).toBe(false);
  });

  it('starts no engine where DOCKER_HOST names one, and says what to do', () => {
    const { status, stderr } = script('prepare', { DOCKER_HOST: 'unix:///nowhere/docker.sock' });
    expect(status).toBe(1);
    expect(stderr).toContain('No Docker engine answers at unix:///nowhere/docker.sock (DOCKER_HOST).');
    expect(stderr).toContain('unset DOCKER_HOST');
  });

  it('shows why Redis does not start', () => {
    mkdirSync(join(at.redisDir, 'appendonlydir'), { recursive: true });
    writeFileSync(join(at.redisDir, 'appendonlydir/appendonly.aof.manifest'), 'not a manifest\n');
    const { status, stderr } = script('prepare');
    expect(status).toBe(1);
    expect(stderr).toContain('redis-server ended with 1:');
    expect(stderr).toContain('AOF manifest');
  });
});

describe('down', () => {
  it("removes this instance's containers and Redis, and nothing of another's", async () => {
    script('prepare');
    const { id: Image } = JSON.parse(readFileSync(at.imageFile, 'utf8'));
    const start = async (instance: string) => {
      const Labels = { 'errand.instance': instance };
      const HostConfig = { NetworkMode: 'none' };
      const container = await docker.createContainer({ Image, Cmd: ['sleep', '600'], Labels, HostConfig });
      await container.start();
      return container;
    };
    const [mine, foreign] = [await start(at.instance), await start('another')];
    try {
      const { status, stdout } = script('down');
      expect({ status, stdout }).toEqual({ status: 0, stdout: 'Removed 1 container.\nStopped the private Redis.\n' });
      await expect(mine.inspect()).rejects.toMatchObject({ statusCode: 404 });
      expect((await foreign.inspect()).State.Running).toBe(true);
      expect(script('down').stdout).toBe('Nothing of this Errand was running.\n');
    } finally {
      await foreign.remove({ force: true });
    }
  });

  it('ends a running `npm start` and the gateways of its tasks', async () => {
    const processes = [spawn('sleep', ['600']), spawn('sleep', ['600'])];
    const exits = processes.map((child) => once(child, 'exit'));
    mkdirSync(join(at.gatewaysDir, 't0123456'), { recursive: true });
    writePidFile(at.supervisorPidFile, processes[0]?.pid ?? 0);
    writeFileSync(join(at.gatewaysDir, 't0123456/gateway.pid'), `${processes[1]?.pid}`);
    expect(script('down').stdout).toBe('Stopped `npm start`.\nStopped a gateway.\n');
    expect(await Promise.all(exits)).toEqual([
      [null, 'SIGTERM'],
      [null, 'SIGTERM'],
    ]);
  });
});

describe('the sandbox image', () => {
  it('runs every agent without a network, on a read-only root, as any uid of a task', async () => {
    const { id } = JSON.parse(readFileSync(places(process.env).imageFile, 'utf8'));
    const commands = [
      'claude-agent-acp --version',
      'codex-acp --version',
      'opencode --version',
      'node --version',
      'whoami',
    ];
    const output = await inSandbox(id, commands.join(' && '));
    expect(output.trim().split('\n')).toEqual([
      '0.100.0',
      '@agentclientprotocol/codex-acp 2.6.0',
      '1.18.33',
      'v24.21.0',
      'agent-20001',
    ]);
  });

  it('commits as the agent, trusts checkouts of other owners, and has no program that changes its user', async () => {
    const { id } = JSON.parse(readFileSync(places(process.env).imageFile, 'utf8'));
    const commit = 'git init -q a && cd a && git commit -q --allow-empty -m x && git log --format="%an <%ae> %D"';
    expect(await inSandbox(id, commit)).toBe('Errand agent <agent@errand.invalid> HEAD -> main\n');
    expect(await inSandbox(id, 'git config --system safe.directory')).toBe('*\n');
    expect(await inSandbox(id, 'find / -xdev -type f -perm /6000 2>/dev/null')).toBe('');
  });

  it('holds the runner beside the packages that it imports', async () => {
    const { id } = JSON.parse(readFileSync(places(process.env).imageFile, 'utf8'));
    const load = `cd /opt/errand && test -f runner.ts && node -e "import('@agentclientprotocol/sdk').then(() => console.log('ok'))"`;
    expect(await inSandbox(id, load)).toBe('ok\n');
  });
});

async function inSandbox(Image: string, command: string): Promise<string> {
  const container = await docker.createContainer({
    Image,
    Cmd: ['sh', '-c', command],
    User: '20001:20001',
    Env: ['HOME=/workspace'],
    Tty: true,
    WorkingDir: '/workspace',
    HostConfig: {
      NetworkMode: 'none',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      Tmpfs: { '/workspace': 'rw,exec,uid=20001,gid=20001', '/tmp': 'rw,exec,mode=1777' },
    },
  });
  try {
    const output = await container.attach({ stream: true, stdout: true, stderr: true });
    const chunks: Buffer[] = [];
    output.on('data', (chunk: Buffer) => chunks.push(chunk));
    const ended = once(output, 'end');
    await container.start();
    await ended;
    return Buffer.concat(chunks).toString().replaceAll('\r\n', '\n');
  } finally {
    await container.remove({ force: true });
  }
}
