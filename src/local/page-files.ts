import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import type { Sides } from './sides.ts';

const folder = path.resolve(import.meta.dirname, 'page');
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.woff2': 'font/woff2',
};
/** Message text is hostile: no script, style or picture but our own, and nobody may frame the page. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The page's files and, where there is a local forge, its pull request data under the page's own origin. */
export function page(options: {
  forgeUrl: () => string | null;
  sides: Sides;
  /** What a visitor gets first. */
  home: 'index.html' | 'forge.html';
  /** Told of each answer that begins a visit. */
  onEntrance?: (c: Context) => void;
}): Hono<{ Bindings: HttpBindings }> {
  const app = new Hono<{ Bindings: HttpBindings }>();

  async function file(name: string): Promise<Response> {
    const type = types[path.extname(name)];
    if (type === undefined || !/^[a-z0-9-]+(?:\/[a-z0-9-]+)*\.[a-z0-9]+$/.test(name))
      return new Response('', { status: 404 });
    const source = name === 'emoji.json' ? path.join(import.meta.dirname, 'slack', name) : path.join(folder, name);
    try {
      return new Response(await readFile(source), {
        headers: {
          'content-type': type,
          'content-security-policy': policy,
          'x-content-type-options': 'nosniff',
          'referrer-policy': 'no-referrer',
          'cache-control': 'no-cache',
        },
      });
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
        return new Response('', { status: 404 });
      throw error;
    }
  }

  const entrance = async (c: Context) => {
    options.onEntrance?.(c);
    const answer = await file(options.home);
    for (const [name, value] of answer.headers) c.header(name, value);
    return c.body(await answer.text());
  };
  app.get('/', entrance);
  app.get('/archives/:channel/:message', entrance);
  app.get('/local/sides', (c) => c.json(options.sides));
  app.get('/pull/:owner/:name/:number', () => file('pull.html'));
  app.get('/:owner/:name/pull/:number', () => file('pull.html'));
  app.get('/:owner/:name/pull/:number/files', () => file('pull.html'));
  app.get('/page/*', (c) => file(c.req.path.slice('/page/'.length)));
  app.get('/local/forge/*', async (c) => {
    const forge = options.forgeUrl();
    if (forge === null) return c.json({ ok: false, error: 'no_local_forge' }, 404);
    const rest = c.req.path.slice('/local/forge'.length);
    const answer = await fetch(new URL(`/local${rest}`, forge), { redirect: 'error' }).catch(() => null);
    if (answer === null) return c.json({ ok: false, error: 'forge_unreachable' }, 502);
    return new Response(await answer.arrayBuffer(), {
      status: answer.status,
      headers: { 'content-type': 'application/json', 'x-content-type-options': 'nosniff' },
    });
  });
  return app;
}
