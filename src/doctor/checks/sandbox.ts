import type { Config } from '../../config.ts';
import type { Engine } from '../../sandbox/docker.ts';
import { findImage } from '../../setup/image.ts';
import type { Places } from '../../setup/places.ts';
import { checked, type Finding, fail, ok, skip, warn } from '../finding.ts';
import { agentsToStart, type ProbeReport, probe } from '../probe.ts';

const deadlineMs = 180_000;
const name = 'Sandbox';

/** The self-test, a run, and each agent up to its first word, in the image that set-up built. */
export async function checkSandbox(
  config: Config,
  places: Places,
  { engine, signal }: { engine: Engine; signal: AbortSignal },
): Promise<readonly Finding[]> {
  return await checked(name, deadlineMs, async () => {
    const image = await findImage(engine.docker);
    if (image === undefined) return [skip(name, 'Needs the sandbox image.')];
    const report = await probe(config, places, { image: image.id, dockerHost: engine.host, signal });
    return [toWalls(report), toDisk(report), ...toAgents(config, report)];
  });
}

function toWalls({ walls, startedInMs }: ProbeReport): Finding {
  const test = `The self-test of every start passed in ${seconds(walls.tookMs)}`;
  const found = `${test}: no network, no capability, no engine's socket, limits that hold, a gateway that refuses. A run starts in ${seconds(startedInMs)}, as uid ${walls.uid} on ${walls.runtime}.`;
  return ok(name, found);
}

function toDisk({ disk: { way, because } }: ProbeReport): Finding {
  const row = 'Workspaces';
  switch (way) {
    case 'loop':
      return ok(row, 'Each is a file system of its own: what a task fills up is its own.');
    case 'quota':
      return ok(row, 'Each is a Docker volume with a quota.');
    case 'watched': {
      const fix = 'Run the broker as root, or keep Docker’s folder on XFS with pquota.';
      return warn(row, `Nothing ends them but measuring every few seconds: ${because ?? 'no better way'}.`, fix);
    }
    default:
      return way satisfies never;
  }
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function toAgents(config: Config, { agents }: ProbeReport): readonly Finding[] {
  return Array.from(agentsToStart(config), ([key, agent]) => {
    const row = `Agent ${key}`;
    const report = agents.find((each) => each.name === key);
    const custom = config.agents.has(key);
    const fix = custom
      ? `See agents.${key} of the configuration file: its command must be in the image and speak ACP.`
      : 'Build the image anew: docker rmi it, then npm start.';
    if (report === undefined) return fail(row, 'The probe ended before it was started.', fix);
    if (report.answer === null) return fail(row, report.error ?? 'It gave no answer.', fix);
    const { agentInfo, protocolVersion } = report.answer;
    const what = agentInfo ? `${agentInfo.name} ${agentInfo.version}` : agent.label;
    const found = `${what} starts and speaks ACP ${protocolVersion ?? '?'}`;
    const missing = agent.provider === null ? null : (config.providers.get(agent.provider)?.missing ?? null);
    return missing === null ? ok(row, `${found}.`) : skip(row, `${found}; it has no key.`, `Set ${missing}.`);
  });
}
