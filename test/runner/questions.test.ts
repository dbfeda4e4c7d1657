import { expect, test, vi } from 'vitest';
import { Questions } from '../../sandbox/acp-questions.ts';
import { Inbox } from '../../sandbox/control.ts';
import { Feed } from '../../sandbox/feed.ts';
import type { RecordBody } from '../../sandbox/records.ts';

type Properties = Record<string, object>;

/** Asks a form and gives the answers in turn; returns what the agent is told and what people saw. */
async function ask(properties: Properties, answers: readonly string[], required: readonly string[] = []) {
  const inbox = new Inbox({ refused: () => {}, file: () => {} });
  const asked: { text: string; options: readonly string[] }[] = [];
  const write = (record: RecordBody) => {
    if (record.type !== 'question') return 0;
    asked.push({ text: record.text, options: record.options });
    const text = answers[asked.length - 1] ?? '';
    queueMicrotask(() => inbox.take(JSON.stringify({ type: 'answer', question: record.id, text })));
    return asked.length;
  };
  const questions = new Questions({ inbox, records: { write }, feed: new Feed({ write }) });
  const response = await questions.ask(
    {
      sessionId: 's',
      mode: 'form',
      message: 'Input is needed.',
      requestedSchema: { type: 'object', properties, required },
    } as Parameters<Questions['ask']>[0],
    new AbortController().signal,
  );
  return { asked, response };
}

const choice = (...names: string[]) => ({ type: 'string', oneOf: names.map((name) => ({ const: name, title: name })) });

test('each field is one question, a free-text companion none, and companions of similar names are told apart', async () => {
  const { asked, response } = await ask(
    {
      question_1: choice('a', 'b'),
      question_1_custom: { type: 'string' },
      question_10: choice('c', 'd'),
      question_10_custom: { type: 'string' },
    },
    ['B', 'something else'],
  );
  expect(asked.map(({ options }) => options)).toEqual([
    ['a', 'b'],
    ['c', 'd'],
  ]);
  expect(response).toEqual({ action: 'accept', content: { question_1: 'b', question_10_custom: 'something else' } });
});

/** Two forms at once: what people see so far, and a way to answer it. */
function askTwice() {
  const inbox = new Inbox({ refused: () => {}, file: () => {} });
  const seen: string[] = [];
  const write = (record: RecordBody) => {
    if (record.type === 'question') seen.push(record.id);
    return seen.length;
  };
  const questions = new Questions({ inbox, records: { write }, feed: new Feed({ write }) });
  const leave = new AbortController();
  const requestedSchema = { type: 'object', properties: { a: choice('x', 'y') } };
  const form = { sessionId: 's', mode: 'form', message: 'Which?', requestedSchema } as Parameters<Questions['ask']>[0];
  return {
    ...{ seen, leave },
    first: questions.ask(form, new AbortController().signal),
    second: questions.ask(form, leave.signal),
    answer: (question: string, text: string) => inbox.take(JSON.stringify({ type: 'answer', question, text })),
  };
}

test('of two forms at once the second is put to people when the first is answered', async () => {
  const { seen, first, second, answer } = askTwice();
  await vi.waitFor(() => expect(seen).toEqual(['q1']));
  answer('q1', 'y');
  expect(await first).toEqual({ action: 'accept', content: { a: 'y' } });
  await vi.waitFor(() => expect(seen).toEqual(['q1', 'q2']));
  answer('q2', 'x');
  expect(await second).toEqual({ action: 'accept', content: { a: 'x' } });
});

test('a form that the agent took back before its turn is shown to nobody', async () => {
  const { seen, leave, first, second, answer } = askTwice();
  await vi.waitFor(() => expect(seen).toEqual(['q1']));
  leave.abort();
  answer('q1', 'y');
  expect([await first, await second]).toEqual([{ action: 'accept', content: { a: 'y' } }, { action: 'cancel' }]);
  expect(seen).toEqual(['q1']);
});

test('a required choice takes a free answer itself', async () => {
  const { asked, response } = await ask(
    { db: { ...choice('Postgres'), title: 'Which database?' }, db_note: { type: 'string' } },
    ['a file'],
    ['db'],
  );
  expect(asked[0]?.text).toBe('Input is needed.\nWhich database?');
  expect(response).toEqual({ action: 'accept', content: { db: 'a file' } });
});

test('several of a list, yes and no, and numbers are told in their own types', async () => {
  const { asked, response } = await ask(
    {
      tags: { type: 'array', items: { enum: ['x', 'y', 'z'] } },
      sure: { type: 'boolean' },
      count: { type: 'integer' },
    },
    ['x, Z', 'No', '12'],
  );
  expect(asked.map(({ options }) => options)).toEqual([['x', 'y', 'z'], ['Yes', 'No'], []]);
  expect(response).toEqual({ action: 'accept', content: { tags: ['x', 'z'], sure: false, count: 12 } });
});

test('an empty answer leaves its field out, and none at all declines', async () => {
  const properties = { a: choice('x'), b: choice('y') };
  expect((await ask(properties, ['', 'y'])).response).toEqual({ action: 'accept', content: { b: 'y' } });
  expect((await ask(properties, ['', ''])).response).toEqual({ action: 'decline' });
});

test('an option too long for a button is shortened and still understood', async () => {
  const long = 'keep '.repeat(30).trim();
  const { asked, response } = await ask({ a: choice(long, 'drop') }, [`${long.slice(0, 74)}…`]);
  expect(asked[0]?.options[0]?.length).toBe(75);
  expect(response).toEqual({ action: 'accept', content: { a: long } });
});
