import { type Config, secretsOf } from '../config.ts';
import { createRedactor } from '../task/redact.ts';

/** Takes every secret of the configuration out of a text, in case an answer from outside repeats one. */
export function redact(text: string, config: Config): string {
  return createRedactor(secretsOf(config)).text(text);
}
