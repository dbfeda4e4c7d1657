import { readFileSync } from 'node:fs';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { type Config, ConfigError, readConfig } from '../config.ts';
import { places as toPlaces } from '../setup/places.ts';
import { checkSecretFiles } from './checks/secret-files.ts';
import { examine } from './examine.ts';
import { type Finding, fail } from './finding.ts';
import { redact } from './redact.ts';
import { renderTable } from './table.ts';

const widest = 120;
const narrowest = 72;

/** `npm run doctor`: tries what is configured against the live services; exit code 1 when something of it does not work. */
async function main(): Promise<Finding['state']> {
  let read: ReturnType<typeof readConfig>;
  try {
    read = readConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    await print(error.problems.map(({ where, problem, example }) => fail(where, problem, example)));
    return 'fail';
  }
  const { config, env, looseFiles } = read;
  trust(config);
  const { stdout } = process;
  if (stdout.isTTY) stdout.write('Trying everything out …\r');
  const places = toPlaces({ ERRAND_DATA_DIR: config.dataDir, XDG_RUNTIME_DIR: env.variables.get('XDG_RUNTIME_DIR') });
  const ending = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort());
  const findings = [...(await examine(config, places, ending.signal)), ...checkSecretFiles(looseFiles)];
  if (stdout.isTTY) stdout.write('\x1b[2K');
  await print(
    findings.map((finding) => ({
      ...finding,
      found: redact(finding.found, config),
      next: finding.next === null ? null : redact(finding.next, config),
    })),
  );
  return findings.some(({ state }) => state === 'fail') ? 'fail' : 'ok';
}

/** Services run with these authorities from their start; this process has only now read which they are. */
function trust({ outbound: { caFile } }: Config): void {
  if (caFile === null) return;
  setDefaultCACertificates([...getCACertificates('default'), readFileSync(caFile, 'utf8')]);
}

async function print(findings: readonly Finding[]): Promise<void> {
  const { stdout } = process;
  const width = Math.min(widest, Math.max(narrowest, stdout.columns ?? 100));
  // `hasColors` heeds NO_COLOR and TERM.
  const color = stdout.isTTY === true && stdout.hasColors();
  await new Promise<void>((written) => stdout.write(`${renderTable(findings, { width, color })}`, () => written()));
}

const outcome = await main();
// What a check that was given up still holds open is not waited for.
process.exit(outcome === 'fail' ? 1 : 0);
