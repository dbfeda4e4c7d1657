import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { stringify } from 'yaml';
import { seed } from '../../../src/local/slack/workspace.ts';
import { type ErrandUnderTest, startErrand } from '../../support/errand.ts';
import { pointedAt, startPackageRegistry } from '../../support/package-registry.ts';
import { makeTwin } from '../../support/twin.ts';
import { ownAllAddresses } from '../netns.ts';
import { project } from '../support.ts';
import { type Work, works } from './works.ts';

export interface WorkResult {
  readonly id: string;
  readonly title: string;
  /** What is missing; empty when all was done. */
  readonly missing: readonly string[];
  readonly seen: string;
  readonly durationMs: number;
}

const abreast = 2;
const endsWithinMs = 300_000;
/** Packages as their makers packed them, beside the registry's own. */
const packages = ['typescript', '@typescript/typescript-linux-x64'];

/**
 * Plays ordinary work against a real Errand with its usual settings: requests in Slack, the same sandbox, package registries opened for
 * these repositories. What counts is what the forge then has. Rejects when Errand can't be started.
 */
export async function playWorks(told: (result: WorkResult) => void): Promise<readonly WorkResult[]> {
  await ownAllAddresses();
  await using registry = await startPackageRegistry({
    folders: packages.map((name) => join(project, 'node_modules', name)),
  });
  const image = `errand-test-usable:${process.pid}`;
  await using _twin = await makeTwin(image, pointedAt(registry.url));
  const repositories = Object.fromEntries(
    works.map(({ id }) => [`acme/${id}`, { environment: 'usable', network: ['registries'] }]),
  );
  const yaml = stringify({ environments: { usable: image }, repositories, limits: { concurrency: abreast } });
  await using errand = await startErrand({ mode: 'http', repositories: [], yaml });
  const results: WorkResult[] = [];
  const next = works.values();
  const lane = async (channel: string) => {
    for (const work of next) {
      const result = await play(errand, channel, work, () =>
        registry.requests.map(({ url }) => decodeURIComponent(url)),
      );
      results.push(result);
      told(result);
    }
  };
  await Promise.all([lane(seed.dev), lane(seed.dev)]);
  return works.flatMap(({ id }) => results.find((result) => result.id === id) ?? []);
}

async function play(
  errand: ErrandUnderTest,
  channel: string,
  { id, title, files, script, made, asked = [] }: Work,
  requested: () => readonly string[],
): Promise<WorkResult> {
  const began = performance.now();
  const { control } = errand.forge;
  const repository = `acme/${id}`;
  await control.createRepository({ repository, files: { 'README.md': `# ${title}\n`, 'work.sh': script, ...files } });
  const text = `repo:${repository} agent:shell Do ordinary work\n\`\`\`sh\nsh ./work.sh\n\`\`\``;
  await errand.slack.people.command({ user: seed.ada, channel, command: '/agent', text });
  const ending = await ended(errand, repository);
  const pull = (await control.viewState()).repositories.find(({ name }) => name === repository)?.pulls[0];
  const diff = pull === undefined ? '' : (await control.viewPull(repository, pull.number)).diff;
  const done = requested();
  const missing = [
    ...(pull === undefined ? [`a pull request (${ending})`] : []),
    ...Object.entries(made).flatMap(([what, proof]) => (proof.test(diff) ? [] : [what])),
    ...asked.flatMap((url) => (done.some((each) => each.endsWith(url)) ? [] : [`a request for ${url}`])),
  ];
  const seen = missing.length === 0 ? Object.keys(made).join('; ') : `missing: ${missing.join('; ')}`;
  return { id, title, missing, seen, durationMs: Math.round(performance.now() - began) };
}

/** Waits for the end of a repository's only task, and says how it ended. */
async function ended(errand: ErrandUnderTest, repository: string): Promise<string> {
  const deadline = performance.now() + endsWithinMs;
  while (performance.now() < deadline) {
    const tasks = await errand.tasks.recent(100);
    const task = tasks.find(({ parts }) => parts.some((part) => part.repository === repository));
    if (task?.run.type === 'idle' && task.run.outcome !== null) return JSON.stringify(task.run.outcome).slice(0, 2_000);
    await pause(100);
  }
  return `it did not end within ${endsWithinMs / 1_000} s`;
}
