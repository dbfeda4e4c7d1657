import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connectEngine } from '../../src/sandbox/docker.ts';
import { replaceContainer } from '../../src/sandbox/run-once.ts';

/** An engine where a container of this instance has the name already; says what it was asked. */
async function taken(instance: string | null) {
  const directory = await mkdtemp(join(tmpdir(), 'engine-'));
  const asked: string[] = [];
  let there = true;
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0] ?? '';
    asked.push(`${request.method} ${path}`);
    const answer = (status: number, body: unknown = {}) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (path === '/containers/create') return there ? answer(409, { message: 'in use' }) : answer(201, { Id: 'new' });
    if (request.method === 'DELETE') {
      there = false;
      return answer(204);
    }
    const labels = instance === null ? null : { 'errand.instance': instance };
    return answer(200, { Id: 'old', Config: { Labels: labels } });
  });
  server.listen(join(directory, 'docker.sock'));
  await once(server, 'listening');
  return {
    engine: connectEngine(`unix://${join(directory, 'docker.sock')}`),
    asked,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const spec = { name: 'errand-one-t000001-r1-export', Image: 'x', Labels: { 'errand.instance': 'one' } };

test('what a crash left under a container’s name makes way', async () => {
  await using at = await taken('one');
  expect((await replaceContainer(at.engine, spec)).id).toBe('new');
});

test.each([['another'], [null]])('what %s Errand has under that name is left alone', async (instance) => {
  await using at = await taken(instance);
  await expect(replaceContainer(at.engine, spec)).rejects.toMatchObject({ failure: { code: 'docker_error' } });
  expect(at.asked.filter((each) => each.startsWith('DELETE'))).toEqual([]);
});
