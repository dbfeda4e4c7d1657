import { createHash, timingSafeEqual } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import type { Api } from './api/method.ts';
import { drawable } from './file-types.ts';
import { limits } from './limits.ts';
import { person } from './people.ts';
import { Refused } from './refused.ts';
import { granted } from './scopes.ts';
import type { Bindings } from './web-api.ts';
import { botSees, toWireFile } from './wire-file.ts';

/** The page's own way to files: a cookie that its first answer sets, and no other site's page can send. */
export interface PageSession {
  start(c: Context): void;
  holds(c: Context): boolean;
}

/** The same cookie after a restart, for pages that are open; another name for each port, since cookies know no ports. */
export function createPageSession(secret: string, port: () => number): PageSession {
  const value = createHash('sha256').update(`the page of ${secret}`).digest('base64url');
  const name = () => `errand_page_${port()}`;
  return {
    start: (c) => setCookie(c, name(), value, { httpOnly: true, sameSite: 'Strict', path: '/' }),
    holds: (c) => same(getCookie(c, name()) ?? '', value),
  };
}

/** Uploads, and files under their private addresses: for the bot's token where it sees the file, and for the page. */
export function fileRoutes(options: {
  api: Api;
  botToken: string;
  scopes: readonly string[];
  session: PageSession;
}): Hono<Bindings> {
  const { api, botToken, scopes, session } = options;
  const { store, files } = api;
  const app = new Hono<Bindings>();

  async function refusable(c: Context, run: () => Promise<Response>): Promise<Response> {
    try {
      return await run();
    } catch (error) {
      if (error instanceof Refused) return c.json({ ok: false, error: error.code }, 409);
      throw error;
    }
  }

  /** The app's upload: the address itself is the right to it. */
  app.post('/upload/v1/:ticket', (c) =>
    refusable(c, async () => {
      const bytes = await readUpload(c.req.raw);
      await files.fill(c.req.param('ticket'), bytes);
      return c.text(`OK - ${bytes.length}`);
    }),
  );

  /** A person's upload, which a message shares afterwards. */
  app.post('/local/upload', (c) =>
    refusable(c, async () => {
      if (!session.holds(c)) return c.json({ ok: false, error: 'not_authed' }, 401);
      const user = person(api, c.req.query('user') ?? '');
      const bytes = await readBody(c.req.raw);
      const file = await files.add({ user: user.id, name: c.req.query('name') ?? 'file', bytes });
      await store.flush();
      return c.json({ ok: true, file });
    }),
  );

  const serve = async (c: Context<Bindings>, download: boolean): Promise<Response> => {
    const key = c.req.param('key') ?? '';
    const token = /^Bearer (.+)$/.exec(c.req.header('authorization') ?? '')?.[1] ?? '';
    const isApp = same(token, botToken) && granted(scopes, 'files:read');
    // Whoever may not see it gets Slack's page for signing in, and no error that a program could read.
    if (!isApp && !session.holds(c)) return c.redirect(`/?redir=${encodeURIComponent(c.req.path)}`, 302);
    const file = store.file(key.slice(store.workspace.team.id.length + 1));
    const bytes = file === undefined ? null : await files.bytes(file.id);
    if (file === undefined || bytes === null || (isApp && !botSees(store, file))) return c.text('', 404);
    const shown = !download && drawable.includes(file.mimetype);
    return new Response(bytes, {
      headers: {
        'content-type': file.mimetype,
        'content-length': String(bytes.length),
        'content-disposition': `${shown ? 'inline' : 'attachment'}; filename*=UTF-8''${encodeURIComponent(file.name)}`,
        // What people upload is hostile: it must not run in the page's name.
        'content-security-policy': "default-src 'none'; sandbox",
        'x-content-type-options': 'nosniff',
        'cache-control': 'private, no-cache',
      },
    });
  };
  app.get('/files-pri/:key/:name', (c) => serve(c, false));
  app.get('/files-pri/:key/download/:name', (c) => serve(c, true));
  app.get('/local/file/:id', (c) => {
    const file = store.file(c.req.param('id'));
    return file === undefined ? c.json({ ok: false, error: 'file_not_found' }, 404) : c.json(toWireFile(store, file));
  });
  return app;
}

/** The bytes as they are, or the one file of a form, as Slack takes both. */
async function readUpload(request: Request): Promise<Uint8Array> {
  const type = request.headers.get('content-type') ?? '';
  const body = await readBody(request);
  if (!type.startsWith('multipart/form-data')) return body;
  const form = await new Response(Uint8Array.from(body), { headers: { 'content-type': type } }).formData();
  const file = [...form.values()].find((value) => typeof value !== 'string');
  if (file === undefined) throw new Refused('no_file_data');
  return new Uint8Array(await file.arrayBuffer());
}

async function readBody(request: Request): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of request.body ?? []) {
    size += part.length;
    if (size > limits.fileBytes) throw new Refused('file_too_large');
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function same(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
