import { afterEach, describe, expect, test, vi } from 'vitest';
import { countGitHubCalls, countSlackCalls } from '../../src/operate/count-calls.ts';
import { createMetrics, type Metrics } from '../../src/operate/metrics.ts';

afterEach(() => vi.useRealTimers());

const api = 'https://slack.com/api/';

function answering(answer: (url: string) => Response | Error) {
  return (async (input: string | URL | Request) => {
    const answered = answer(String(input));
    if (answered instanceof Error) throw answered;
    return answered;
  }) as typeof fetch;
}

const json = (body: object, init?: ResponseInit) => Response.json(body, init);

async function counted(metrics: Metrics, name: string): Promise<Record<string, number>> {
  const metric = await metrics.registry.getSingleMetric(`errand_${name}`)?.get();
  return Object.fromEntries(
    (metric?.values ?? []).map(({ labels, value }) => [Object.values(labels).join(' '), value]),
  );
}

describe('calls of Slack', () => {
  test.each([
    ['one that worked', () => json({ ok: true }), 'ok'],
    ['one that Slack refuses with 200', () => json({ ok: false, error: 'not_in_channel' }), 'refused'],
    ['one that is too many', () => new Response('', { status: 429 }), 'rate_limited'],
    ['one that finds Slack unwell', () => new Response('', { status: 503 }), 'failed'],
    ['one that nothing answers', () => new Error('ECONNREFUSED'), 'unreachable'],
    [
      'one whose answer is no JSON',
      () => new Response('<html>', { headers: { 'content-type': 'application/json' } }),
      '',
    ],
  ] as const)('%s is counted as such', async (_what, answer, result) => {
    const metrics = createMetrics('bot');
    const { fetch } = countSlackCalls(metrics, api, answering(answer));
    await fetch(`${api}chat.postMessage`).catch(() => undefined);
    expect(await counted(metrics, 'slack_calls_total')).toEqual(
      result === '' ? {} : { [`chat.postMessage ${result}`]: 1 },
    );
  });

  test('hand on the answer unread', async () => {
    const { fetch } = countSlackCalls(
      createMetrics('bot'),
      api,
      answering(() => json({ ok: true, ts: '1.2' })),
    );
    expect(await (await fetch(`${api}chat.postMessage`)).json()).toEqual({ ok: true, ts: '1.2' });
  });

  test('to other places are one kind, whatever their address', async () => {
    const metrics = createMetrics('bot');
    const { fetch } = countSlackCalls(
      metrics,
      api,
      answering(() => new Response('a file')),
    );
    await fetch('https://files.slack.com/files-pri/T1-F1/a-secret-plan.png');
    await fetch('https://hooks.slack.com/commands/T1/token');
    expect(await counted(metrics, 'slack_calls_total')).toEqual({ 'other ok': 2 });
  });

  test('that fail are known since the first, until one succeeds', async () => {
    vi.useFakeTimers({ now: 1_000 });
    let well = false;
    const { fetch, failingSince } = countSlackCalls(
      createMetrics('bot'),
      api,
      answering(() => (well ? json({ ok: true }) : new Error('down'))),
    );
    expect(failingSince()).toBeNull();
    await fetch(`${api}auth.test`).catch(() => undefined);
    vi.setSystemTime(9_000);
    await fetch(`${api}auth.test`).catch(() => undefined);
    expect(failingSince()).toBe(1_000);
    well = true;
    await fetch(`${api}auth.test`);
    expect(failingSince()).toBeNull();
  });

  test('that the caller broke off say nothing, and those that took too long do', async () => {
    const aborted = (reason: unknown) => ({ signal: AbortSignal.abort(reason) });
    const { fetch, failingSince } = countSlackCalls(
      createMetrics('bot'),
      api,
      answering(() => new Error('aborted')),
    );
    await fetch(`${api}auth.test`, aborted(new DOMException('over', 'AbortError'))).catch(() => undefined);
    expect(failingSince()).toBeNull();
    await fetch(`${api}auth.test`, aborted(new DOMException('late', 'TimeoutError'))).catch(() => undefined);
    expect(failingSince()).not.toBeNull();
  });
});

describe('calls of GitHub', () => {
  const left = (count: number) => ({ 'x-ratelimit-remaining': `${count}`, 'x-ratelimit-resource': 'core' });

  test.each([
    [200, {}, 'ok'],
    [304, {}, 'unchanged'],
    [404, {}, 'refused'],
    [403, left(12), 'refused'],
    [403, left(0), 'rate_limited'],
    [403, { 'retry-after': '60' }, 'rate_limited'],
    [429, {}, 'rate_limited'],
    [502, {}, 'failed'],
  ])('answered with %i (%o) are %s', async (status, headers, result) => {
    const metrics = createMetrics('worker');
    const { fetch } = countGitHubCalls(
      metrics,
      answering(() => new Response(null, { status, headers })),
    );
    await fetch('https://api.github.com/repos/acme/web');
    expect(await counted(metrics, 'github_calls_total')).toEqual({ [result]: 1 });
  });

  test('tell how many more may follow', async () => {
    const metrics = createMetrics('worker');
    const { fetch } = countGitHubCalls(
      metrics,
      answering(() => new Response('', { headers: left(4_711) })),
    );
    await fetch('https://api.github.com/repos/acme/web');
    expect(await counted(metrics, 'github_rate_limit_remaining')).toEqual({ core: 4_711 });
  });
});
