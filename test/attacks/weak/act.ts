import { AsyncLocalStorage } from 'node:async_hooks';
import { weaknessOfRepository } from './weakness.ts';

/** What is weak about the case that something of Slack's belongs to, by the repository or the channel that it names. */
export function weaknessOfText(text: string): string | undefined {
  const id = /acme\/([a-z]\d+)\b/.exec(text)?.[1] ?? /C0ATTACK([A-Z]\d+)\b/.exec(text)?.[1]?.toLowerCase();
  return id === undefined ? undefined : weaknessOfRepository(`acme/${id}`);
}

const acts = new AsyncLocalStorage<string | undefined>();

/** Does something for a person, known to what is called meanwhile as an act of this case's. */
export function during<T>(asked: unknown, act: () => T): T {
  return acts.run(weaknessOfText(JSON.stringify(asked)), act);
}

/** The weakness of the act under way. */
export function weaknessOfAct(): string | undefined {
  return acts.getStore();
}
