import {
  type AppOptions,
  appNeeds,
  createApp,
  type InstallationView,
  listInstallations,
  missingOf,
} from '../../github/app.ts';
import { identifyApp } from '../../github/identity.ts';
import { type Finding, fail, ok, warn } from '../finding.ts';

/** GitHub's own rule is that an app's word may be a minute old; Errand's says thirty seconds less than now. */
const clockMayDifferMs = 30_000;

/** The app, by its key; then each place where it is installed, as far as something is amiss there. Throws `Problem`. */
export async function checkApp(options: AppOptions, where: string): Promise<readonly Finding[]> {
  let aheadMs = 0;
  const send = options.fetch ?? fetch;
  const listening: typeof fetch = async (input, init) => {
    const answer = await send(input, init);
    const theirs = Date.parse(answer.headers.get('date') ?? '');
    if (!Number.isNaN(theirs)) aheadMs = theirs - options.clock.now();
    return answer;
  };
  const { name, permissions } = await identifyApp({ ...options, fetch: listening });
  const found = `The app ${name ?? ''} on ${where}.`.replace('  ', ' ');
  const missing = missingOf(permissions ?? {}, appNeeds);
  if (missing.length > 0) {
    const next = 'Add them to the app’s permissions, and accept them where it is installed.';
    return [fail('GitHub app', `${found} It lacks ${missing.join(', ')}.`, next)];
  }
  const installations = await listInstallations(createApp(options), options);
  if (installations.length === 0) {
    return [
      fail('GitHub app', `${found} It is installed nowhere.`, 'Install it on the repositories it is to work on.'),
    ];
  }
  return [
    toFinding(found, permissions ?? {}),
    ...(Math.abs(aheadMs) > clockMayDifferMs ? [clock(aheadMs)] : []),
    ...installations.flatMap((each) => amiss(each) ?? []),
  ];
}

function toFinding(found: string, permissions: Readonly<Record<string, string>>): Finding {
  const excess = excessOf(permissions);
  if (excess.length === 0) return ok('GitHub app', found);
  const worst = excess.filter((each) => /^(?:administration|workflows|secrets|actions|environments)\b/.test(each));
  const why =
    worst.length === 0
      ? 'Errand never needs them.'
      : 'whoever gets hold of its key could change what runs with your secrets, or lift your rules.';
  return warn('GitHub app', `${found} It may also: ${excess.join(', ')}.`, `Take these permissions away: ${why}`);
}

/** What an app was given beyond what Errand uses; every app may read metadata. */
function excessOf(permissions: Readonly<Record<string, string>>): readonly string[] {
  const needed: Readonly<Record<string, string>> = { ...appNeeds, metadata: 'read' };
  return Object.entries(permissions).flatMap(([name, level]) =>
    needed[name] === level || (needed[name] === 'write' && level === 'read') ? [] : [`${name}: ${level}`],
  );
}

function clock(aheadMs: number): Finding {
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  const found = `This machine’s clock is ${seconds} s ${aheadMs > 0 ? 'behind' : 'ahead of'} GitHub’s.`;
  return warn(
    'Clock',
    found,
    'Set it by NTP: an app’s word to GitHub carries the time, and is refused when that is off.',
  );
}

function amiss({ account, suspended, permissions }: InstallationView): Finding | undefined {
  const name = `App on ${account}`;
  if (suspended)
    return fail(
      name,
      'Suspended, so nothing there can be worked on.',
      'An owner lifts that under GitHub Apps, Configure.',
    );
  const missing = missingOf(permissions, appNeeds);
  if (missing.length === 0) return undefined;
  return fail(
    name,
    `Not accepted yet: ${missing.join(', ')}.`,
    'An owner accepts the app’s new permissions on GitHub.',
  );
}
