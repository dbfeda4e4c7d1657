import type { Config } from '../config.ts';
import { connectEngine, type Engine } from '../sandbox/docker.ts';
import type { Places } from '../setup/places.ts';
import { checkDisk } from './checks/disk.ts';
import { checkEngine, checkImages } from './checks/docker.ts';
import { checkGitHub } from './checks/github.ts';
import { checkMcp } from './checks/mcp.ts';
import { checkModels } from './checks/models.ts';
import { checkStore } from './checks/redis.ts';
import { checkSandbox } from './checks/sandbox.ts';
import { checkSetup } from './checks/setup.ts';
import { checkSigning } from './checks/signing.ts';
import { checkSlack } from './checks/slack.ts';
import { checkUsers } from './checks/users.ts';
import { checked, type Finding, ok, skip, toFinding } from './finding.ts';

const signingMs = 15_000;
const usersMs = 10_000;

/**
 * Tries everything that this role needs, each against the live service, and changes nothing. Throws nothing. The signal ends the run in
 * the sandbox, which leaves nothing behind then either.
 */
export async function examine(config: Config, places: Places, signal: AbortSignal): Promise<readonly Finding[]> {
  const bot = config.role !== 'worker';
  const worker = config.role !== 'bot';
  const rows = await Promise.all([
    bot ? checkSlack(config) : [],
    worker ? checkGitHub(config) : [],
    worker ? checked('Signed commits', signingMs, () => checkSigning(config)) : [],
    checkStore(config, places),
    checked('Users', usersMs, () => checkUsers(places)),
    worker ? checkMachine(config, places, signal) : [],
    worker ? checkModels(config) : [],
    worker ? checkMcp(config) : [],
    worker ? checkSetup(config) : [],
  ]);
  return [configuration(config), ...rows.flat()];
}

function configuration(config: Config): Finding {
  const roles = { all: 'everything on this machine', bot: 'the bot alone', worker: 'a worker alone' };
  const { concurrency, limits, budget } = config;
  const spend = budget.usd === null ? 'no budget' : `${budget.usd} US$ a task`;
  const found = `Reads well: ${roles[config.role]}, ${concurrency} at once, ${limits.runMs / 60_000} min a run, ${spend}.`;
  return ok('Configuration', found);
}

/** The engine first; without it the rest can't be tried. */
async function checkMachine(config: Config, places: Places, signal: AbortSignal): Promise<readonly Finding[]> {
  let engine: Engine;
  try {
    engine = connectEngine(config.docker.host ?? 'unix:///var/run/docker.sock');
  } catch (error) {
    return [toFinding('Docker', error), ...(await checkDisk(config, null))];
  }
  const { rows, rootDir } = await checkEngine(config, engine);
  if (rootDir === null) {
    return [...rows, skip('Sandbox', 'Needs Docker.'), ...(await checkDisk(config, null))];
  }
  const [images, disk, sandbox] = await Promise.all([
    checkImages(config, engine),
    checkDisk(config, rootDir),
    checkSandbox(config, places, { engine, signal }),
  ]);
  return [...rows, ...images, ...disk, ...sandbox];
}
