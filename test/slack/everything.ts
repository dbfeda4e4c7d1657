import type { BlockedLine, PullLine, Said } from '../../src/task/said.ts';
import { ada, at, channel, grace, head, hold, line, newer, part, report, result, secrets, ts } from './said.ts';

const kept = [{ repository: part.repository, head }];
const pulls = (state: PullLine['state']) => ({
  pulls: [{ repository: part.repository, number: 412, state }],
  by: [],
  failed: [],
});

const failure = {
  code: 'agent_start',
  sentence: 'The agent claude did not start: its command was not found.',
  next: 'Check the image with npm run doctor, then retry.',
};
export const root = (fields: Partial<Extract<Said, { type: 'root' }>>): Said => ({
  type: 'root',
  task: line,
  status: { word: 'Queued', reason: null },
  spec: 'Fix flaky checkout test. It fails about once in ten runs.',
  stoppable: true,
  retryable: false,
  ...fields,
});
export const ending = (outcome: Extract<Said, { type: 'ending' }>['outcome'], retryable = false): Said => ({
  type: 'ending',
  task: line,
  run: 1,
  outcome,
  retryable,
});
export const question = {
  id: 'q1',
  text: 'The test uses two clocks. Which one should stay?',
  options: ['Fake clock', 'Real clock'],
  fallback: 'Fake clock',
  expiresAt: at,
};

const stopped = {
  type: 'ending',
  task: line,
  run: 1,
  outcome: { type: 'stopped', by: grace, kept },
  retryable: true,
} as const satisfies Said;

const blockedHost = (host: string, allowed: BlockedLine['allowed'] = null): BlockedLine => ({
  host,
  allowable: true,
  allowed,
});

export const everything: Record<string, Said> = {
  'root queued': root({}),
  'root queued behind others': root({
    status: { word: 'Queued', reason: null, turn: '2 ahead, waiting for a free worker' },
  }),
  'root running': root({ status: { word: 'Running', startedAt: at, activity: 'npm test' } }),
  'root waiting': root({ status: { word: 'Waiting for you' } }),
  'root ready': root({ status: { word: 'Ready for review', ...pulls('open') }, stoppable: false }),
  'root merged': root({ status: { word: 'Merged', ...pulls('merged'), by: [grace] }, stoppable: false }),
  'root failed': root({ status: { word: 'Failed' }, stoppable: false, retryable: true }),
  'root of a script under its own title': root({
    spec: 'Fix flaky checkout test\n```sh\nsed -i s/real/fake/ clock.js\n```\n\nAnd say so\n```sh\necho fake >> README.md\n```',
  }),
  'plan running': {
    type: 'plan',
    task: line,
    run: 1,
    state: 'running',
    progress: {
      steps: [
        { title: 'Reproduce the failure', status: 'complete', detail: '3 of 30 runs failed' },
        { title: 'Fix the test', status: 'in_progress', detail: null },
        { title: 'Run all tests', status: 'pending', detail: null },
      ],
      activity: 'npm test',
    },
  },
  'plan failed': {
    type: 'plan',
    task: line,
    run: 2,
    state: 'failed',
    progress: { steps: [{ title: 'Fix the test', status: 'in_progress', detail: null }], activity: 'npm test' },
  },
  'plan failed in the middle': {
    type: 'plan',
    task: line,
    run: 1,
    state: 'failed',
    progress: {
      steps: [
        { title: 'Run the script', status: 'error', detail: 'no such file' },
        { title: 'Open the pull request', status: 'in_progress', detail: null },
      ],
      activity: 'Keeping what was done',
    },
  },
  'plan done': {
    type: 'plan',
    task: line,
    run: 1,
    state: 'ended',
    progress: { steps: [{ title: 'Fix the test', status: 'complete', detail: null }], activity: null },
  },
  'plan ended before its last step': {
    type: 'plan',
    task: line,
    run: 1,
    state: 'ended',
    progress: {
      steps: [
        { title: 'Fix the test', status: 'complete', detail: null },
        { title: 'Run all tests', status: 'in_progress', detail: null },
      ],
      activity: null,
    },
  },
  'plan without steps': {
    type: 'plan',
    task: line,
    run: 1,
    state: 'running',
    progress: { steps: [], activity: 'Cloning' },
  },
  'question open': { type: 'question', task: line, question, answer: null },
  'question with long options': {
    type: 'question',
    task: line,
    question: { ...question, options: ['Keep the fake clock and rewrite two tests', 'Keep the real clock'] },
    answer: null,
  },
  'question answered': { type: 'question', task: line, question, answer: { by: grace, text: 'Real clock' } },
  'question expired': { type: 'question', task: line, question, answer: { by: null, text: 'Fake clock' } },
  'result open': result({ type: 'open' }),
  'result pushed although it looked like a secret': result(
    { type: 'open' },
    { report: { ...report, pushedAnyway: { ...secrets, by: grace, byName: 'Grace Lin' } } },
  ),
  'hold open': hold({ type: 'open', refusal: null }),
  'hold refused': hold({ type: 'open', refusal: failure }),
  'hold released': hold({ type: 'released', by: grace }),
  'hold pushed': hold({ type: 'pushed', by: grace }),
  'hold replaced': hold({ type: 'replaced' }),
  'result without checks': result({ type: 'open' }, { report: { ...report, checks: [], sensitive: [], usage: null } }),
  'result pushed by a person': result({ type: 'open' }, { report: null, by: 'person' }),
  'result kept': result({ type: 'open' }, { report: null, by: 'kept' }),
  'result of a later run, near its budget': result(
    { type: 'merged', by: grace },
    {
      report: {
        ...report,
        total: {
          spent: { inputTokens: 1_240_000, outputTokens: 90_000, usd: 4.1, usdAtMost: 4.1, durationMs: 11_400_000 },
          budget: { usd: 5, tokens: 20_000_000, minutes: 30, taskMinutes: 240 },
        },
      },
    },
  ),
  'result of a model without a known price': result(
    { type: 'merged', by: grace },
    {
      report: {
        ...report,
        usage: { inputTokens: 120_400, outputTokens: 8_200, usd: null },
        total: {
          spent: { inputTokens: 920_400, outputTokens: 38_200, usd: null, usdAtMost: 0, durationMs: 600_000 },
          budget: { usd: 5, tokens: 1_000_000, minutes: 30, taskMinutes: null },
        },
      },
    },
  ),
  'result with CI held': result(
    { type: 'held', by: null, delay: null, refusal: null },
    { ci: { type: 'held', target: false } },
  ),
  'result with CI held and some of it not': result(
    { type: 'held', by: null, delay: null, refusal: null },
    { ci: { type: 'held', target: true } },
  ),
  'result with CI being started': result(
    { type: 'held', by: grace, delay: 'Looking up acme/web failed: GitHub could not be reached.', refusal: null },
    { ci: { type: 'held', target: false } },
  ),
  'result with CI not run': result(
    {
      type: 'held',
      by: null,
      delay: null,
      refusal: { sentence: 'The agent is at work again.', next: 'Press Run CI on the next result.' },
    },
    { ci: { type: 'held', target: false } },
  ),
  'result with CI run': result({ type: 'open' }, { ci: { type: 'released', from: newer, by: grace } }),
  'result with CI that ran at once': result({ type: 'open' }, { ci: { type: 'unheld', target: false } }),
  'result with CI that can’t be held': result({ type: 'open' }, { ci: { type: 'unheld', target: true } }),
  'result refused': result({
    type: 'refused',
    sentence: 'GitHub refused to merge: the branch has conflicts with main.',
    next: 'Ask for a rebase here.',
  }),
  'result delayed': result({ type: 'delayed', by: grace, reason: '1 required check has not reported yet: build.' }),
  'result merging': result({ type: 'merging', by: grace }),
  'result merged': result({ type: 'merged', by: grace }),
  'result merged on GitHub': result({ type: 'merged', by: null }),
  'result elsewhere': result({ type: 'elsewhere' }),
  'result closed': result({ type: 'closed' }),
  'result replaced': result({ type: 'replaced', head: newer }),
  'ending failed': ending({ type: 'failed', problem: failure, kept, report: null }, true),
  'ending failed with a report': ending({ type: 'failed', problem: failure, kept: [], report }, true),
  'ending failed at its set-up': ending(
    {
      type: 'failed',
      problem: { ...failure, printed: 'npm error code E404\n``` <https://evil.example|here> ```\nsecret: [secret]' },
      kept: [],
      report: null,
    },
    true,
  ),
  'ending stopped': ending({ type: 'stopped', by: grace, kept }, true),
  'ending stopped by the requester': ending({ type: 'stopped', by: ada, kept: [] }, true),
  'ending stopped after some spending': {
    ...stopped,
    effort: { usage: { inputTokens: 9_000, outputTokens: 120, usd: 0.031 }, durationMs: 42_000, total: null },
  },
  'ending refused': ending({ type: 'refused', problem: failure }),
  'ending unchanged': ending({ type: 'unchanged', report: { ...report, checks: [] } }, true),
  'ending answered': ending({ type: 'answered', report: { ...report, checks: [] } }),
  merged: { type: 'merged', task: line, part, number: 412, commit: newer, by: grace },
  'merged on GitHub': { type: 'merged', task: line, part, number: 412, commit: newer, by: null },
  'blocked, one host': { type: 'blocked', task: line, hosts: [blockedHost('docs.example.com')], next: null },
  'blocked, and nobody is named who could allow it': {
    type: 'blocked',
    task: line,
    hosts: [{ ...blockedHost('docs.example.com'), approvable: false }],
    next: null,
  },
  'blocked, several, some allowed': {
    type: 'blocked',
    task: line,
    hosts: [
      blockedHost('docs.example.com', { by: grace, inForce: false }),
      blockedHost('telemetry.example.com'),
      { host: '169.254.169.254:443', allowable: false, allowed: null },
      blockedHost('old.example.com', { by: grace, inForce: true }),
      blockedHost('a.example.com'),
      blockedHost('b.example.com'),
      blockedHost('c.example.com'),
    ],
    next: 'retry',
  },
  'blocked, allowed while it runs': {
    type: 'blocked',
    task: line,
    hosts: [blockedHost('docs.example.com', { by: grace, inForce: false })],
    next: 'next_run',
  },
  'blocked, allowed after a result': {
    type: 'blocked',
    task: line,
    hosts: [blockedHost('docs.example.com', { by: grace, inForce: false })],
    next: 'reply',
  },
  continued: { type: 'continued', task: line, as: line.id },
  sentence: {
    type: 'sentence',
    sentence: "repo:web can't be used: it must be a repository as owner/name.",
    next: 'Correct it and send your text again.',
    kept: 'repo:web fix the\nflaky test',
  },
  'sentence with the way back': {
    type: 'sentence',
    sentence: "branch:-f can't be used: it must be the name of a branch.",
    next: 'Correct it and send your text again.',
    kept: 'branch:-f fix the flaky test',
    again: { draft: 'command:1.2.3', repositories: [] },
  },
  'sentence that lacks its repository': {
    type: 'sentence',
    sentence: 'Errand works on several repositories and this request names none.',
    next: 'Begin it with repo: and one of acme/web, acme/api.',
    kept: 'fix the flaky test',
    again: { draft: 'command:1.2.3', repositories: [part.repository] },
  },
  'sentence after a form that did not open': {
    type: 'sentence',
    sentence: 'Slack did not open the form in time.',
    next: 'Nothing is lost: press the button to open it.',
    kept: null,
    again: { draft: null, repositories: [] },
  },
  list: {
    type: 'list',
    tasks: [
      {
        task: line,
        status: { word: 'Running', startedAt: at, activity: null },
        effort: {
          usage: report.usage,
          durationMs: 252_000,
          total: {
            spent: { inputTokens: 240_000, outputTokens: 16_000, usd: 4.1, usdAtMost: 4.1, durationMs: 540_000 },
            budget: { usd: 5, tokens: 20_000_000, minutes: 30, taskMinutes: 240 },
          },
        },
        message: { channel, ts: ts('1700000000.000100') },
      },
      { task: { ...line, title: 'Add dark mode' }, status: { word: 'Queued', reason: null }, message: null },
    ],
  },
  'list of nothing': { type: 'list', tasks: [] },
  'list while something is wrong': {
    type: 'list',
    tasks: [{ task: line, status: { word: 'Queued', reason: null }, message: null }],
    troubles: [
      { code: 'no_worker', sentence: 'No worker is up: requests are kept, and none starts.', since: null },
      { code: 'docker_down', sentence: 'Docker <does> not answer & nothing starts.', since: at },
    ],
  },
  usage: {
    type: 'usage',
    timeZone: 'Europe/Berlin',
    mine: {
      limit: { usd: 50, tokens: 200_000_000 },
      used: { usd: 3.214, tokens: 1_230_000 },
      reserved: { usd: 5, tokens: 20_000_000 },
    },
    everybody: {
      limit: { usd: 200, tokens: null },
      used: { usd: 12.5, tokens: 9_800_000 },
      reserved: { usd: 0, tokens: 0 },
    },
    whose: 'everybody',
    days: [
      { name: '2026-11-22', usd: 12.5, tokens: 9_800_000, unpricedTokens: 0 },
      { name: '2026-11-20', usd: 0, tokens: 420, unpricedTokens: 420 },
    ],
    people: [
      { name: ada, usd: 9.286, tokens: 8_570_000, unpricedTokens: 420 },
      { name: grace, usd: 3.214, tokens: 1_230_000, unpricedTokens: 0 },
    ],
    repositories: [{ name: 'acme/web', usd: 12.5, tokens: 9_800_420, unpricedTokens: 420 }],
    agents: [{ name: 'claude', usd: 12.5, tokens: 9_800_000, unpricedTokens: 0 }],
  },
  'usage of nothing': {
    type: 'usage',
    timeZone: 'UTC',
    mine: { limit: { usd: null, tokens: null }, used: { usd: 0, tokens: 0 }, reserved: { usd: 0, tokens: 0 } },
    everybody: { limit: { usd: 200, tokens: null }, used: { usd: 0, tokens: 0 }, reserved: { usd: 0, tokens: 0 } },
    whose: 'mine',
    days: [],
    people: [],
    repositories: [],
    agents: [],
  },
  help: { type: 'help' },
};
