import type { Config } from '../../config.ts';
import type { Engine } from '../../sandbox/docker.ts';
import { findImage } from '../../setup/image.ts';
import type { Places } from '../../setup/places.ts';
import { checked, type Finding, fail, ok, skip } from '../finding.ts';
import { agentsToStart, type ProbeReport, probe } from '../probe.ts';

const deadlineMs = 180_000;
const name = 'Sandbox';

/** A run that looks around, and each agent up to its first word, in the image that set-up built. */
export async function checkSandbox(
  config: Config,
  places: Places,
  { engine, signal }: { engine: Engine; signal: AbortSignal },
): Promise<readonly Finding[]> {
  return await checked(name, deadlineMs, async () => {
    const image = await findImage(engine.docker);
    if (image === undefined) return [skip(name, 'Needs the sandbox image.')];
    const report = await probe(config, places, { image: image.id, dockerHost: engine.host, signal });
    return [toWalls(report), ...toAgents(config, report)];
  });
}

function toWalls({ walls, startedInMs }: ProbeReport): Finding {
  const open = [
    walls.outside || walls.interfaces.length > 0 ? `a network (${walls.interfaces.join(', ') || 'a way out'})` : null,
    /[1-9a-f]/.test(walls.capabilities) ? `capabilities (${walls.capabilities})` : null,
    walls.uid === 0 ? 'root' : null,
    walls.noNewPrivileges ? null : 'setuid programs',
    walls.seccomp ? null : 'every system call',
    walls.writableRoot ? 'a writable image' : null,
  ].filter((each) => each !== null);
  if (open.length > 0) {
    return fail(
      name,
      `A sandbox has what it must not have: ${open.join(', ')}.`,
      'Run no task on this engine; use another.',
    );
  }
  if (walls.gateway !== 403) {
    const found = walls.gateway === null ? 'does not answer' : `answers ${walls.gateway} where it should refuse (403)`;
    return fail(name, `Its gateway ${found} from inside.`, 'Can this engine mount a unix socket of this host?');
  }
  const found = `Started in ${(startedInMs / 1_000).toFixed(1)} s as uid ${walls.uid}: no network, no capability, and the gateway refuses what is not allowed.`;
  return ok(name, found);
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
