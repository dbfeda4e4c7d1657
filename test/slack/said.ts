import type { KnownBlock } from '@slack/types';
import type { Wording } from '../../src/slack/blocks/parts.ts';
import {
  type BranchName,
  type ChannelId,
  type MessageTs,
  parseBranchName,
  parseRepositoryName,
  parseSha,
  parseTaskId,
  type UserId,
} from '../../src/task/ids.ts';
import type { Gate, HoldLine, PartLine, Said, TaskLine } from '../../src/task/said.ts';
import type { Report } from '../../src/task/task.ts';

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the example does not parse');
  return value;
}

export const ada = 'U0ADA' as UserId;
export const grace = 'U0GRACE' as UserId;
export const channel = 'C0TEAM' as ChannelId;
export const ts = (text: string) => text as MessageTs;
export const head = must(parseSha('abc1234000000000000000000000000000000000'));
export const newer = must(parseSha('def5678000000000000000000000000000000000'));
export const main: BranchName = must(parseBranchName('main'));

export const part: PartLine = { repository: must(parseRepositoryName('acme/web')), base: main };

export const line: TaskLine = {
  id: must(parseTaskId('t4k2m9x')),
  title: 'Fix flaky checkout test',
  parts: [part],
  branch: must(parseBranchName('errand/t4k2m9x-fix-flaky-checkout-test')),
  agent: 'claude',
  requester: ada,
};

export const wording: Wording = {
  command: '/agent',
  emoji: { approve: 'white_check_mark', stop: 'octagonal_sign', retry: 'repeat', start: 'robot_face' },
  linkHosts: ['github.com'],
  workspaceUrl: 'https://acme.slack.com/',
};

export const at = Date.UTC(2026, 10, 22, 14, 3);

export const report: Report = {
  claim: 'The test waited for a **fixed** 50 ms. It now waits for the order to be stored.\n\nAll tests pass.',
  checks: [
    { command: 'npm test', exitCode: 0, durationMs: 12_300 },
    { command: 'npm run lint', exitCode: 1, durationMs: 800 },
  ],
  usage: { inputTokens: 120_400, outputTokens: 8_200, usd: 0.42 },
  durationMs: 252_000,
  total: null,
  files: [
    { path: 'test/checkout.test.ts', added: 30, removed: 10 },
    { path: '.github/workflows/ci.yml', added: 12, removed: 0 },
  ],
  sensitive: [{ path: '.github/workflows/ci.yml', why: 'runs on GitHub with the repository’s secrets' }],
  blocked: ['telemetry.example.com'],
};

export const secrets = {
  findings: [
    { path: 'src/config.ts', line: 12, kind: 'a GitHub token' },
    { path: 'test/keys/server.pem', line: 1, kind: 'a private key' },
  ],
  count: 2,
};

export const hold = (state: HoldLine): Said => ({ type: 'hold', task: line, part, head, report, secrets, state });

export const result = (gate: Gate, fields: Partial<Extract<Said, { type: 'result' }>> = {}): Said => ({
  type: 'result',
  task: line,
  part,
  run: 1,
  number: 412,
  url: 'https://github.com/acme/web/pull/412',
  head,
  report,
  by: 'run',
  gate,
  unchanged: [],
  ...fields,
});

/** A message as a reader sees it, one block a line. */
export function asRead(blocks: readonly KnownBlock[]): string {
  return blocks.map(readBlock).join('\n');
}

function readBlock(block: KnownBlock): string {
  switch (block.type) {
    case 'section':
      return `${block.text?.text ?? ''}${block.accessory?.type === 'button' ? `   [${block.accessory.text.text}]` : ''}`;
    case 'context':
      return block.elements.map((element) => (element.type === 'mrkdwn' ? `~ ${element.text}` : '')).join('');
    case 'markdown':
      return block.text;
    case 'actions':
      return block.elements.map((element) => (element.type === 'button' ? `[${element.text.text}]` : '?')).join(' ');
    case 'plan':
      return [
        block.title,
        ...(block.tasks ?? []).map((task) => `  ${task.status}  ${task.title}  ${readRich(task)}`),
      ].join('\n');
    case 'card':
      return [
        block.title?.text,
        block.subtitle?.text,
        (block.actions ?? []).map((button) => `[${button.text.text}]`).join(' '),
      ].join('\n');
    default:
      return `(${block.type})`;
  }
}

function readRich(task: object): string {
  return [...JSON.stringify(task).matchAll(/"text":"([^"]*)"/g)].map(([, text]) => text).join(' ');
}
