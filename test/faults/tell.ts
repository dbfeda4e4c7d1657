import { openGround } from './ground.ts';
import { inLanes } from './lanes.ts';
import type { Listed } from './listed/listed.ts';
import type { Result } from './result.ts';
import { keepLog, lookThrough } from './run.ts';

/** Stories on one Errand that they share, and Errands of their own that are up at once. */
const abreast = { shared: 3, own: 2 };

/** Plays the stories; `told` hears of each as it ends. */
export async function playStories(stories: readonly Listed[], told: (result: Result) => void): Promise<void> {
  const shared = stories.filter((story) => 'play' in story && story.own === undefined);
  const others = stories.filter((story) => !shared.includes(story));
  await Promise.all([
    playShared(shared, told),
    inLanes(others, abreast.own, async (story) => told(await playOne(story))),
  ]);
}

async function playShared(stories: readonly Listed[], told: (result: Result) => void): Promise<void> {
  if (stories.length === 0) return;
  await using ground = await openGround(stories.map(({ id }) => id));
  await inLanes(stories, abreast.shared, async (story) => {
    const result = await resultOf(story, () =>
      'play' in story ? story.play(ground, story.id) : story.alone(story.id),
    );
    if (result.wrong.length > 0) await keepLog(ground, story.id);
    told(result);
  });
}

function playOne(story: Listed): Promise<Result> {
  return resultOf(story, async () => {
    if ('alone' in story) return story.alone(story.id);
    await using ground = await openGround([story.id], story.own);
    const wrong = await story.play(ground, story.id).catch((error: unknown) => [wordsOf(error)]);
    if (wrong.length > 0) await keepLog(ground, story.id);
    // What stays open on purpose has its run, its jobs and its list.
    const left = wrong.length === 0 ? await lookThrough(ground) : [];
    return [...wrong, ...left];
  });
}

async function resultOf({ id, fault, title }: Listed, play: () => Promise<readonly string[]>): Promise<Result> {
  const began = performance.now();
  const wrong = await play().catch((error: unknown) => [wordsOf(error)]);
  return { type: 'listed', id, fault, title, wrong, durationMs: performance.now() - began };
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
