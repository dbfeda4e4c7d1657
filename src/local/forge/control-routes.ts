import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import type { Control } from './control.ts';
import { HttpError } from './errors.ts';
import { faultSchema } from './faults.ts';
import { branchRulesSchema } from './state.ts';

const by = z
  .string()
  .regex(/^[\w-]+$/)
  .optional();
const repository = z.string().regex(/^[\w-]+\/[\w.-]+$/);
const sha = z.string().regex(/^[0-9a-f]{40}$/);
const branch = z.string().regex(/^(?!-)[\w./-]+$/);

const schemas = {
  repository: z.object({
    repository,
    files: z.record(z.string(), z.string()).optional(),
    defaultBranch: branch.optional(),
    by,
  }),
  commit: z.object({
    repository,
    branch: branch.optional(),
    files: z.record(z.string(), z.string().nullable()),
    message: z.string().min(1),
    by,
    from: sha.optional(),
  }),
  branch: z.object({ repository, branch, to: sha.nullable(), by }),
  check: z.object({
    repository,
    sha,
    name: z.string(),
    conclusion: z.string().nullable(),
    kind: z.enum(['run', 'status']).optional(),
  }),
  rules: z.object({ repository, branch, rules: branchRulesSchema.nullable() }),
  close: z.object({ by }),
  merge: z.object({ by: by.default('dana'), method: z.enum(['merge', 'squash', 'rebase']).default('merge') }),
  review: z.object({ state: z.enum(['APPROVED', 'CHANGES_REQUESTED', 'COMMENTED']), by, body: z.string().optional() }),
};

/**
 * The routes under `/local`: what people do on the forge. They carry no credential, so they answer only on loopback names and only
 * to the page itself or to programs.
 */
export function createControlRoutes(control: Control, pageUrl: string): Hono<{ Bindings: HttpBindings }> {
  const app = new Hono<{ Bindings: HttpBindings }>();
  const page = new URL(pageUrl).origin;

  app.use('/local/*', async (c, next) => {
    const host = new URL(c.req.url).hostname;
    if (!['127.0.0.1', 'localhost', '[::1]'].includes(host)) throw new HttpError(403, 'Only on loopback');
    const origin = c.req.header('origin');
    if (origin !== undefined && origin !== page) throw new HttpError(403, 'Only for the page of this workspace');
    if (origin !== undefined) {
      c.header('access-control-allow-origin', page);
      c.header('access-control-allow-headers', 'content-type');
    }
    if (c.req.method === 'OPTIONS') return c.body(null, 204);
    const isJson = c.req.header('content-type')?.startsWith('application/json') === true;
    if (c.req.method === 'POST' && !isJson) throw new HttpError(415, 'Send JSON');
    return next();
  });

  app.get('/local/state', async (c) => c.json(await control.viewState()));
  app.get('/local/ledger', (c) => c.json(control.ledger()));
  app.get('/local/pulls/:owner/:repo/:number', async (c) => c.json(await control.viewPull(...named(c))));

  app.post('/local/repositories', async (c) => {
    await control.createRepository(await parsed(c, schemas.repository));
    return c.json({}, 201);
  });
  app.post('/local/commits', async (c) => c.json({ sha: await control.commit(await parsed(c, schemas.commit)) }, 201));
  app.post('/local/branches', async (c) => {
    await control.moveBranch(await parsed(c, schemas.branch));
    return c.json({});
  });
  app.post('/local/checks', async (c) => {
    await control.setCheck(await parsed(c, schemas.check));
    return c.json({}, 201);
  });
  app.post('/local/rules', async (c) => {
    const order = await parsed(c, schemas.rules);
    await control.setRules(order.repository, order.branch, order.rules);
    return c.json({});
  });
  app.post('/local/faults', async (c) => {
    control.fault(await parsed(c, faultSchema));
    return c.json({}, 201);
  });
  app.delete('/local/faults', (c) => {
    control.clearFaults();
    return c.body(null, 204);
  });
  app.post('/local/pulls/:owner/:repo/:number/close', async (c) => {
    await control.closePull(...named(c), (await parsed(c, schemas.close)).by);
    return c.json({});
  });
  app.post('/local/pulls/:owner/:repo/:number/reopen', async (c) => {
    await control.reopenPull(...named(c), (await parsed(c, schemas.close)).by);
    return c.json({});
  });
  app.post('/local/pulls/:owner/:repo/:number/merge', async (c) =>
    c.json({ sha: await control.mergePull(...named(c), await parsed(c, schemas.merge)) }),
  );
  app.post('/local/pulls/:owner/:repo/:number/reviews', async (c) => {
    await control.reviewPull(...named(c), await parsed(c, schemas.review));
    return c.json({}, 201);
  });

  app.onError((error) => {
    const status = error instanceof HttpError ? error.status : error instanceof z.ZodError ? 422 : 500;
    return new Response(
      JSON.stringify({ message: error instanceof z.ZodError ? z.prettifyError(error) : error.message }),
      {
        status,
        headers: { 'content-type': 'application/json' },
      },
    );
  });
  return app;
}

function named(c: Context): [string, number] {
  return [`${c.req.param('owner')}/${c.req.param('repo')}`, Number(c.req.param('number'))];
}

async function parsed<Schema extends z.ZodType>(c: Context, schema: Schema): Promise<z.output<Schema>> {
  const text = await c.req.text();
  try {
    return schema.parse(JSON.parse(text === '' ? '{}' : text));
  } catch (error) {
    throw error instanceof SyntaxError ? new HttpError(400, 'Problems parsing JSON') : error;
  }
}
