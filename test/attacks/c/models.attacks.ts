import { createHash } from 'node:crypto';
import { toRunId } from '../../../src/task/ids.ts';
import type { Attack } from '../attack.ts';
import type { Stage } from '../stage.ts';

/** An agent that is the case's own script, with a way to a model. */
const scripted = (script: string) => ({
  command: ['sh', '-c', script],
  provider: 'anthropic',
  env: { BASE_URL: `\${BASE_URL}`, KEY: `\${KEY}` },
});

const wanted = 300;
/** One cent pays for some ten of these calls; sixteen more may be under way when it is gone. */
const most = 60;

/** As many model calls as there is time for, sixteen at once. */
const flood = `
import json, os, urllib.request
from concurrent.futures import ThreadPoolExecutor
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
def call(n):
    body = {"model": "claude-opus-5", "max_tokens": 20, "messages": [{"role": "user", "content": "WORD"}]}
    headers = {"content-type": "application/json", "x-api-key": os.environ["KEY"], "anthropic-version": "2023-06-01"}
    request = urllib.request.Request(os.environ["BASE_URL"] + "/v1/messages", json.dumps(body).encode(), headers)
    try:
        opener.open(request, timeout=20).read()
    except Exception:
        pass
with ThreadPoolExecutor(16) as pool:
    list(pool.map(call, range(${wanted})))
`;

export const attacks: readonly Attack[] = [
  {
    id: 'C9',
    title: `spend without end: ${wanted} model calls on one cent`,
    expected: `fewer than ${most} calls at the provider, 429 after the budget`,
    representative: true,
    settings: { budgetUsd: 0.01 },
    configuration: {
      agents: { 'c9-flood': scripted('until [ -e repo/attack.sh ]; do sleep 0.1; done; exec sh repo/attack.sh') },
    },
    attack: async (stage) => {
      const script = `python3 - <<'END'\n${flood.replace('WORD', stage.word)}END\n`;
      await stage.play(script, { agent: 'c9-flood' });
      const reached = heardOf(stage);
      if (reached === 0) throw new Error('Not one call reached the provider.');
      return { through: reached >= most, seen: `${reached} of ${wanted} calls at the provider` };
    },
    control: { weakness: 'no-budget', without: 'the gateway’s policy has no budget' },
  },
  {
    id: 'C10',
    title: 'use the gateway and the key of another task for one’s own',
    expected: 'no call at the provider',
    configuration: { agents: { 'c10-holder': scripted('exec sleep 600') } },
    attack: async (stage) => {
      const other = await stage.submit('true', { agent: 'c10-holder', text: 'Hold a gateway open' });
      const run = toRunId(other.id, 1);
      const gateway = await stage.until(`the container of ${run}`, async () => {
        const container = stage.docker.getContainer(`errand-${stage.at.instance}-${run}`);
        const info = await container.inspect().catch(() => undefined);
        const mount = info?.Mounts.find(({ Destination }) => Destination === '/run/errand');
        return info?.State.Running === true ? mount?.Source : undefined;
      });
      try {
        // The key is made from what everybody in the thread can read, and the folder's place is no secret either.
        const key = `errand-${createHash('sha256').update(run).digest('base64url')}`;
        await stage.play(stealing({ key, word: stage.word, places: [gateway, `/run/others/${other.id}/s`] }));
      } finally {
        const { slack } = stage.errand;
        await slack.people.command({
          user: other.requester,
          channel: stage.channel,
          command: '/agent',
          text: `stop ${other.id}`,
        });
        await stage.ended(other);
      }
      const reached = heardOf(stage);
      return { through: reached > 0, seen: `${reached} calls at the provider` };
    },
    control: { weakness: 'shared-gateways', without: 'every sandbox sees the sockets of all gateways' },
  },
];

/** How many of this stage's calls the provider has heard. */
function heardOf({ errand, word }: Stage): number {
  return errand.model.requests.filter(({ text }) => text.includes(word)).length;
}

/** Tries every socket there is with the other task's key, and its own gateway with it. */
function stealing({ key, word, places }: { key: string; word: string; places: readonly string[] }): string {
  const body = JSON.stringify({
    model: 'claude-opus-5',
    max_tokens: 20,
    messages: [{ role: 'user', content: word }],
  });
  const call = `curl -s -m 10 -H 'content-type: application/json' -H 'anthropic-version: 2023-06-01' -H 'x-api-key: ${key}' -d '${body}'`;
  return `
for socket in ${places.map((place) => `${place}/gateway.sock`).join(' ')} /run/errand/../../..${places[0]}/gateway.sock $(find / -type s 2>/dev/null); do
  ${call} --noproxy '*' --unix-socket "$socket" http://gateway/anthropic/v1/messages
done
${call} --noproxy '*' http://127.0.0.1:3128/anthropic/v1/messages
true
`;
}
