import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connectEngine } from '../../src/sandbox/docker.ts';
import { removeOldImages } from '../../src/sandbox/old-images.ts';

const day = 24 * 3_600_000;
const now = Date.parse('2026-06-01T00:00:00Z');
const ago = (days: number) => new Date(now - days * day).toISOString();

interface Image {
  readonly names: readonly string[];
  readonly namedDaysAgo: number;
  readonly layers?: readonly string[];
  readonly label?: true;
  readonly container?: true;
}

/** An engine of images alone; says what was removed of it and named anew. */
async function engineOf(images: Readonly<Record<string, Image>>) {
  const directory = await mkdtemp(join(tmpdir(), 'engine-'));
  const removed: string[] = [];
  const named: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://engine');
    const answer = (body: unknown, status = 200) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (url.pathname === '/images/json') return answer(Object.keys(images).map((Id) => ({ Id })));
    if (url.pathname === '/containers/json') {
      const used = Object.entries(images).filter(([, { container }]) => container);
      return answer(used.map(([ImageID]) => ({ ImageID })));
    }
    const name = decodeURIComponent(url.pathname.slice('/images/'.length)).replace(/\/(?:json|tag)$/, '');
    if (request.method === 'DELETE') {
      removed.push(name);
      return answer([]);
    }
    if (request.method === 'POST') {
      named.push(`${url.searchParams.get('repo')}:${url.searchParams.get('tag')}`);
      return answer({}, 201);
    }
    const image = images[name];
    if (image === undefined) return answer({ message: 'No such image' }, 404);
    return answer({
      Id: name,
      RepoTags: image.names,
      Created: ago(300),
      RootFS: { Layers: image.layers ?? [name] },
      Metadata: { LastTagTime: ago(image.namedDaysAgo) },
      Config: { Labels: image.label ? { 'errand.image': 'x' } : null },
    });
  });
  server.listen(join(directory, 'docker.sock'));
  await once(server, 'listening');
  return {
    engine: connectEngine(`unix://${join(directory, 'docker.sock')}`),
    removed,
    named,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function removedOf(images: Readonly<Record<string, Image>>, needed: readonly string[] = []) {
  await using at = await engineOf(images);
  await removeOldImages(at.engine, { needed, now, log: () => undefined });
  return at;
}

test('images of older versions that nobody named for two weeks go, and those that lost their name', async () => {
  const { removed } = await removedOf({
    old: { names: ['errand-sandbox:1'], namedDaysAgo: 15 },
    tools: { names: ['errand-tools:1'], namedDaysAgo: 15 },
    nameless: { names: [], namedDaysAgo: 15, label: true },
    recent: { names: ['errand-sandbox:2'], namedDaysAgo: 13 },
  });
  expect(removed).toEqual(['errand-sandbox:1', 'errand-tools:1', 'nameless']);
});

test('what is needed stays, with all that it was built on, and is named anew so that others leave it too', async () => {
  const { removed, named } = await removedOf(
    {
      base: { names: ['errand-base:1'], namedDaysAgo: 99, layers: ['a'] },
      tools: { names: ['errand-tools:1'], namedDaysAgo: 99, layers: ['a', 'b'] },
      other: { names: ['errand-tools:2'], namedDaysAgo: 99, layers: ['a', 'x'] },
      ours: { names: ['errand-sandbox:1', 'team/sandbox:1'], namedDaysAgo: 99, layers: ['a', 'b', 'c'] },
    },
    ['ours'],
  );
  expect(removed).toEqual(['errand-tools:2']);
  expect(named.toSorted()).toEqual(['errand-base:1', 'errand-sandbox:1', 'errand-tools:1']);
});

test('foreign images, those that somebody else named, and those with a container are left alone', async () => {
  const { removed, named } = await removedOf({
    foreign: { names: ['debian:bookworm-slim'], namedDaysAgo: 400 },
    nameless: { names: [], namedDaysAgo: 400 },
    alike: { names: ['errand-sandboxes:1'], namedDaysAgo: 400 },
    shared: { names: ['errand-sandbox:1', 'registry.example/team/sandbox:1'], namedDaysAgo: 400 },
    used: { names: ['errand-sandbox:2'], namedDaysAgo: 400, container: true },
  });
  expect(removed).toEqual([]);
  expect(named).toEqual([]);
});
