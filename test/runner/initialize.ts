import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { AcpAgent } from '../../src/task/agents.ts';

const answer = z.object({
  result: z.object({
    agentCapabilities: z.object({
      loadSession: z.boolean().optional(),
      promptCapabilities: z.object({ image: z.boolean().optional() }).optional(),
      mcpCapabilities: z.object({ http: z.boolean().optional() }).optional(),
      sessionCapabilities: z.object({ resume: z.unknown().optional() }).optional(),
    }),
    _meta: z.object({ steering: z.object({ supported: z.boolean() }).optional() }).nullish(),
  }),
});

/** What an agent says of itself in the image, before anything is asked of it. */
export async function initialize(agent: AcpAgent): Promise<z.output<typeof answer>['result']> {
  const { id } = z
    .object({ id: z.string() })
    .parse(JSON.parse(await readFile(join(import.meta.dirname, '../../.errand/image.json'), 'utf8')));
  const [api = 'chat'] = agent.apis;
  const env = agent.env({ forwarder: 'http://127.0.0.1:3128', provider: 'p', api, dummyKey: 'dummy', model: 'any' });
  const variables = Object.entries({ HOME: '/tmp', ...env }).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
  const child = spawn('docker', ['run', '--rm', '-i', '--network', 'none', ...variables, id, ...agent.command]);
  const params = { protocolVersion: 1, clientInfo: { name: 'errand', version: '1' }, clientCapabilities: {} };
  child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params })}\n`);
  try {
    for await (const line of createInterface(child.stdout)) {
      const parsed = line.startsWith('{') ? answer.safeParse(JSON.parse(line)) : undefined;
      if (parsed?.success) return parsed.data.result;
    }
    throw new Error('The agent said nothing of itself');
  } finally {
    child.stdin.end();
    child.kill();
  }
}
