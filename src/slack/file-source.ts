import { WebAPIPlatformError, type WebClient } from '@slack/web-api';
import { z } from 'zod';
import type { FileSource } from '../task/ports/files.ts';
import type { Latches } from './latches.ts';
import type { Log } from './log.ts';

const described = z.object({
  url_private_download: z.string().optional(),
  url_private: z.string().optional(),
  size: z.number().default(0),
  mode: z.string().default('hosted'),
  mimetype: z.string().default(''),
  is_external: z.boolean().default(false),
});
type Described = z.infer<typeof described>;

export interface FileSourceOptions {
  readonly reader: WebClient;
  readonly botToken: string;
  readonly apiUrl: string;
  readonly latches: Latches;
  readonly log: Log;
  readonly fetch?: typeof fetch;
}

/** Modes of a file whose bytes Slack gives out; canvases, posts and what a plan hides have others. */
const readable: ReadonlySet<string> = new Set(['hosted', 'snippet', 'email']);

/**
 * Fetches what was attached, with the bot's token. That goes to Slack's own host for files alone, or to the host of the configured
 * API; a redirect is not followed, and no more is read than was asked for.
 */
export function createFileSource(options: FileSourceOptions): FileSource {
  const { reader, latches, log } = options;
  const origins = fileOrigins(options.apiUrl);
  return {
    async fetch(offered, { maxBytes, signal }) {
      if (latches.isOff('files.info')) return { ok: false, why: 'not_allowed' };
      const about = { file: offered.id };
      try {
        const answer = await reader.files.info({ file: offered.id });
        const file = described.safeParse(answer.file);
        if (!file.success) return { ok: false, why: 'unreachable' };
        const refusal = refusalOf(file.data, origins, maxBytes);
        if (refusal !== null) return { ok: false, why: refusal };
        return await download(new URL(addressOf(file.data)), options, { maxBytes, signal });
      } catch (error) {
        if (latches.refuse('files.info', error)) return { ok: false, why: 'not_allowed' };
        log.warn({ ...about, err: error }, 'An attached file could not be fetched');
        return { ok: false, why: isGone(error) ? 'gone' : 'unreachable' };
      }
    },
  };
}

function refusalOf(file: Described, origins: ReadonlySet<string>, maxBytes: number) {
  const { mode, mimetype, size, is_external } = file;
  if (mode === 'tombstone' || mode === 'hidden_by_limit') return 'gone';
  const address = addressOf(file);
  if (is_external || !URL.canParse(address) || !origins.has(new URL(address).origin)) return 'elsewhere';
  if (!readable.has(mode) || /^(?:audio|video)\//.test(mimetype)) return 'kind';
  return size > maxBytes ? 'too_large' : null;
}

function addressOf({ url_private_download, url_private }: Described): string {
  return url_private_download ?? url_private ?? '';
}

async function download(
  url: URL,
  { botToken, log, fetch = globalThis.fetch }: FileSourceOptions,
  { maxBytes, signal }: { maxBytes: number; signal: AbortSignal },
) {
  const headers = { authorization: `Bearer ${botToken}` };
  const response = await fetch(url, { headers, redirect: 'manual', signal });
  if (response.status !== 200 || response.body === null) {
    await response.body?.cancel();
    log.warn({ status: response.status }, 'Slack did not give out an attached file');
    // To who may not read it Slack answers with the way to its sign-in page.
    const refused = response.status >= 300 && response.status < 404;
    return { ok: false, why: refused ? 'not_allowed' : response.status === 404 ? 'gone' : 'unreachable' } as const;
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body) {
    length += chunk.length;
    // Leaving the loop cancels the rest.
    if (length > maxBytes) return { ok: false, why: 'too_large' } as const;
    chunks.push(chunk);
  }
  return { ok: true, bytes: Buffer.concat(chunks) } as const;
}

/** Where Slack's files are, by its API: `files.slack.com`, GovSlack's, or whatever host is configured. */
export function fileOrigins(apiUrl: string): ReadonlySet<string> {
  const { origin, hostname, protocol } = new URL(apiUrl);
  const domain = /(?:^|\.)(slack(?:-gov)?\.com)$/.exec(hostname)?.[1];
  return new Set(domain === undefined || protocol !== 'https:' ? [origin] : [origin, `https://files.${domain}`]);
}

function isGone(error: unknown): boolean {
  return error instanceof WebAPIPlatformError && ['file_not_found', 'file_deleted'].includes(error.data.error);
}
