import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hostCertificates } from '../../src/setup/certificates.ts';
import { copyText, imageInputs, leaveOut } from '../../src/setup/image.ts';
import { agentFacts } from '../../src/task/agent-facts.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'errand-image-'));
  cpSync(resolve(import.meta.dirname, '../../sandbox'), folder, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the name of an image', () => {
  it('stays while nothing that goes into it changes', () => {
    const first = imageInputs(folder, 'certificates');
    writeFileSync(join(folder, 'README.md'), 'not in the image');
    expect(imageInputs(folder, 'certificates')).toEqual(first);
  });

  it.each(['protocol.ts', 'new-file.ts', 'Dockerfile'])('changes with %s, and keeps the tools', (file) => {
    const first = imageInputs(folder, 'certificates');
    writeFileSync(join(folder, file), '// changed');
    const second = imageInputs(folder, 'certificates');
    expect(second.toolsTag).toBe(first.toolsTag);
    expect(second.tag).not.toBe(first.tag);
  });

  it.each(['tools.Dockerfile', 'gitconfig', 'qwen-settings.json', 'package.json', 'package-lock.json'])(
    'and the tools change with %s',
    (file) => {
      const first = imageInputs(folder, 'certificates');
      writeFileSync(join(folder, file), 'changed');
      const second = imageInputs(folder, 'certificates');
      expect(second.toolsTag).not.toBe(first.toolsTag);
      expect(second.tag).not.toBe(first.tag);
    },
  );

  it('and the tools change with what the host trusts', () => {
    expect(imageInputs(folder, 'one').toolsTag).not.toBe(imageInputs(folder, 'two').toolsTag);
  });
});

it('a file that only its owner may read in the clone goes into the image as one that is new', () => {
  const [from, to, fresh] = [join(folder, 'runner.ts'), join(folder, 'copy.ts'), join(folder, 'fresh.ts')];
  chmodSync(from, 0o400);
  copyText(from, to);
  writeFileSync(fresh, '');
  expect(statSync(to).mode).toBe(statSync(fresh).mode);
});

it('the packages bring each agent for the machines that its facts name', () => {
  const lock = readFileSync(join(folder, 'package-lock.json'), 'utf8');
  const packageOf: Record<string, (machine: string) => string> = {
    claude: (machine) => `@anthropic-ai/claude-agent-sdk-linux-${machine}"`,
    codex: (machine) => `@openai/codex-linux-${machine}"`,
    opencode: (machine) => `opencode-linux-${machine}-baseline"`,
    // Plain JavaScript.
    qwen: () => '@qwen-code/qwen-code"',
  };
  for (const [name, { machines }] of Object.entries(agentFacts)) {
    const found = ['x64', 'arm64'].filter((machine) => lock.includes(`node_modules/${packageOf[name]?.(machine)}`));
    expect([name, found]).toEqual([name, machines]);
  }
});

it('parts of agents that no task can use are taken away before the image is built', () => {
  const modules = join(folder, 'node_modules');
  const [dead, used] = [
    join(modules, '@qwen-code/qwen-code/web-shell/a'),
    join(modules, '@qwen-code/qwen-code/cli.js'),
  ];
  mkdirSync(dead, { recursive: true });
  writeFileSync(used, '');
  leaveOut(folder);
  expect([existsSync(dead), existsSync(used)]).toEqual([false, true]);
});

describe('the certificates of the host', () => {
  const pem = (text: string) => `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----`;

  it('are taken from every file that the environment names, each once', () => {
    const company = join(folder, 'company.crt');
    const bundle = join(folder, 'bundle.crt');
    writeFileSync(company, `a comment\n${pem('Q09NUEFOWQ==')}\n`);
    writeFileSync(bundle, `${pem('T1RIRVI=')}\n${pem('Q09NUEFOWQ==')}\n`);
    const found = hostCertificates({ NODE_EXTRA_CA_CERTS: company, SSL_CERT_FILE: bundle });
    expect(found.split(pem('Q09NUEFOWQ=='))).toHaveLength(2);
    expect(found).toContain(pem('T1RIRVI='));
    expect(found).not.toContain('a comment');
  });

  it('may be named by a variable whose file is gone', () => {
    expect(() => hostCertificates({ SSL_CERT_FILE: join(folder, 'gone.crt') })).not.toThrow();
  });
});
