import { describe, expect, test } from 'vitest';
import { render, renderPlain } from '../../src/slack/blocks/render.ts';
import type { Gate, Said } from '../../src/task/said.ts';
import { ending, everything, question, root } from './everything.ts';
import { ada, asRead, at, grace, line, report, result, wording } from './said.ts';

const gates: Gate['type'][] = [
  'open',
  'held',
  'delayed',
  'merging',
  'refused',
  'merged',
  'closed',
  'elsewhere',
  'replaced',
];
const all = Object.entries(everything);

describe('every message', () => {
  test('reads as the golden file says', async () => {
    const pages = all.map(([name, said]) => {
      const { text, blocks } = render(said, wording);
      return `== ${name}\n${asRead(blocks)}\n-- text\n${text}\n`;
    });
    await expect(pages.join('\n')).toMatchFileSnapshot('messages.golden.txt');
  });

  test.each(all)('%s has all its words in text, and never shouts', (_, said) => {
    const { text } = render(said, wording);
    expect(text.length).toBeGreaterThan(0);
    expect(text.length).toBeLessThanOrEqual(4000);
    expect(text).not.toMatch(/!(?!date)/);
  });

  test.each(all)('%s gets new block ids with each revision', (_, said) => {
    const ids = [1, 2].flatMap((revision) => render(said, wording, revision).blocks.map((block) => block.block_id));
    expect(new Set(ids).size).toBe(ids.length);
  });

  test.each(all)('%s can be shown in sections and buttons alone', (_, said) => {
    const { blocks } = renderPlain(said, wording);
    expect(blocks.every((block) => block.type === 'section' || block.type === 'actions')).toBe(true);
  });

  test.each(all.filter(([, said]) => said.type !== 'result'))('%s links no pull request', (_, said) => {
    expect(JSON.stringify(render(said, wording))).not.toContain('/pull/');
  });
});

describe('a result', () => {
  test('covers every gate', () => {
    expect(new Set(all.flatMap(([, said]) => (said.type === 'result' ? [said.gate.type] : [])))).toEqual(
      new Set(gates),
    );
  });

  test.each(gates)('names its commit by seven characters while the gate is %s', (type) => {
    const said = all.map(([, one]) => one).find((one) => one.type === 'result' && one.gate.type === type);
    const { text } = render(said ?? result({ type: 'open' }), wording);
    expect(text).toContain('abc1234');
    expect(text).not.toContain('abc12340');
  });

  test('can be approved only while its gate is open', () => {
    const approvable = all.filter(([, said]) => JSON.stringify(render(said, wording).blocks).includes('approve_merge'));
    expect(approvable.map(([, said]) => (said.type === 'result' ? said.gate.type : said.type))).toEqual([
      ...Array.from({ length: 8 }, () => 'open'),
      'refused',
    ]);
  });

  test('whose CI is held can have it run, once, and can’t be approved', () => {
    const runnable = all.filter(([, said]) => JSON.stringify(render(said, wording).blocks).includes('run_ci'));
    expect(runnable.map(([, said]) => said.type === 'result' && said.gate)).toEqual([
      expect.objectContaining({ type: 'held', by: null }),
      expect.objectContaining({ type: 'held', by: null }),
      expect.objectContaining({ type: 'held', by: null }),
    ]);
  });

  test('says so where no check is configured', () => {
    expect(render(everything['result without checks'] ?? root({}), wording).text).toContain(
      'No checks are configured in .errand.yml, so nothing was measured.',
    );
  });
});

test.each([
  ['failed', 'Failed'],
  ['stopped', 'Stopped'],
  ['refused', 'Refused'],
  ['unchanged', 'Nothing changed'],
  ['answered', 'Answered'],
])('an ending that %s begins with %s', (type, word) => {
  const endings = all.flatMap(([, said]) => (said.type === 'ending' && said.outcome.type === type ? [said] : []));
  expect(endings.length).toBeGreaterThan(0);
  for (const said of endings) expect(render(said, wording).text.startsWith(word)).toBe(true);
});

test('a refusal may name a person', () => {
  const gate = { type: 'refused', sentence: '<@U0GRACE> took the approval back.', next: 'React again.' } as const;
  expect(render(result(gate), wording).text).toContain('<@U0GRACE> took the approval back. React again.');
});

describe('what others wrote', () => {
  const hostile =
    '<!channel> @everyone <@U0BOSS> [pay](https://evil.example) \u202e\u001b[31m & <https://evil.example|x>';
  const script = { ...line, agent: 'shell' };
  const byAgents: Said[] = [
    result({ type: 'open' }, { task: script, report: { ...report, claim: hostile } }),
    ending({ type: 'unchanged', report: { ...report, claim: hostile } }),
    { ...ending({ type: 'answered', report: { ...report, claim: hostile } }), task: script } as Said,
    root({ status: { word: 'Running', startedAt: at, activity: hostile } }),
    {
      type: 'question',
      task: line,
      question: { ...question, text: hostile, options: ['<!channel>', '<@U0BOSS>'], fallback: hostile },
      answer: null,
    },
    {
      type: 'plan',
      task: line,
      run: 1,
      state: 'running',
      progress: { steps: [{ title: hostile, status: 'pending', detail: hostile }], activity: hostile },
    },
  ];
  const messages: Said[] = [
    ...byAgents,
    root({
      task: { ...line, title: hostile, agent: hostile },
      spec: hostile,
      status: { word: 'Queued', reason: hostile },
    }),
    result(
      { type: 'delayed', by: grace, reason: hostile },
      {
        task: { ...line, title: hostile },
        report: {
          ...report,
          claim: hostile,
          checks: [{ command: hostile, exitCode: 0, durationMs: 1 }],
          sensitive: [{ path: hostile, why: 'runs' }],
        },
      },
    ),
    ending({
      type: 'failed',
      problem: { code: 'x', sentence: hostile, next: hostile },
      kept: [],
      report: { ...report, claim: hostile },
    }),
    ending({ type: 'answered', report: { ...report, claim: hostile } }),
    {
      type: 'question',
      task: line,
      question: { ...question, text: hostile, options: [hostile, hostile], fallback: hostile },
      answer: { by: ada, text: hostile },
    },
    {
      type: 'plan',
      task: line,
      run: 1,
      state: 'running',
      progress: { steps: [{ title: hostile, status: 'pending', detail: hostile }], activity: hostile },
    },
    { type: 'sentence', sentence: hostile, next: hostile, kept: hostile },
    {
      type: 'list',
      tasks: [{ task: { ...line, title: hostile }, status: { word: 'Queued', reason: null }, message: null }],
    },
  ];

  test.each(messages.map((said) => [said.type, said] as const))('can do no harm in a %s', (_, said) => {
    for (const { text, blocks } of [render(said, wording), renderPlain(said, wording)]) {
      // The value of a button is what its press sends back: nobody sees it.
      const shown = JSON.stringify({ text, blocks }, (key, value) => (key === 'value' ? undefined : value));
      expect(shown).not.toMatch(/<!(?!date)/);
      // A person alone reads a sentence: naming somebody there calls nobody.
      if (said.type !== 'sentence') expect(shown).not.toContain('<@U0BOSS>');
      const markdown = blocks.map((block) => (block.type === 'markdown' ? block.text : '')).join('\n');
      expect(markdown).not.toContain('](https://evil');
      expect(shown).not.toContain('<https://evil');
      expect(shown).not.toMatch(/\u202e|\\u001b|\[31m/);
    }
  });

  test.each(byAgents.map((said) => [said.type, said] as const))('leads nowhere unknown in a %s', (_, said) => {
    for (const { text, blocks } of [render(said, wording), renderPlain(said, wording)]) {
      const shown = JSON.stringify({ text, blocks }, (key, value) => (key === 'value' ? undefined : value));
      expect(shown).not.toContain('https://evil');
      expect(shown).not.toContain('@everyone');
      expect(shown).toContain('evil[.]example');
    }
  });

  test('is cut to what Slack takes', () => {
    const long = `${'word & '.repeat(3000)}`;
    for (const said of [
      root({ spec: long, task: { ...line, title: long } }),
      result(
        { type: 'refused', sentence: long, next: long },
        {
          report: {
            ...report,
            claim: long,
            sensitive: Array.from({ length: 99 }, (_, n) => ({ path: long, why: `does ${n}` })),
          },
        },
      ),
      ending({ type: 'answered', report: { ...report, claim: long } }),
      { type: 'sentence', sentence: long, next: null, kept: long } as const,
    ]) {
      const { text, blocks } = render(said, wording);
      expect(text.length).toBeLessThanOrEqual(4000);
      for (const block of blocks) {
        if (block.type === 'section') expect(block.text?.text.length).toBeLessThanOrEqual(3000);
        if (block.type === 'markdown') expect(block.text.length).toBeLessThanOrEqual(12_000);
        if (block.type === 'card') expect(block.title?.text.length).toBeLessThanOrEqual(150);
      }
      expect(JSON.stringify(blocks).length).toBeLessThan(13_000);
    }
  });
});
