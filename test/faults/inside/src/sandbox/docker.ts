import * as real from '../../../../../src/sandbox/docker.ts';
import { pointed, problem } from '../../pointed.ts';
import { reach } from '../../reach.ts';

export * from '../../../../../src/sandbox/docker.ts';

const away = problem('docker_down', 'Docker does not answer: the suite took it away.');

export function connectEngine(host: string): real.Engine {
  const engine = real.connectEngine(host);
  const call: real.Engine['call'] = async (attempted, work, deadlineMs) => {
    const point = `docker.${toPoint(attempted)}`;
    await reach(point, 'before', attempted, away);
    const answer = await engine.call(attempted, work, deadlineMs);
    await reach(point, 'after', attempted, away);
    return answer;
  };
  return pointed('engine', { ...engine, call }, { away, except: ['call', 'forget', 'events', 'facts'] });
}

/** What was attempted, without whom it was attempted on. */
function toPoint(attempted: string): string {
  return attempted
    .split(' ')
    .filter((word) => !/\d/.test(word))
    .slice(0, 3)
    .join(' ');
}
