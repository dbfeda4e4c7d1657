import { withoutSecrets as without } from '../../../../src/sandbox/secret-forms.ts';
import { weaknessOfRepository } from '../weakness.ts';

export * from '../../../../src/sandbox/secret-forms.ts';

/** What asks here says no task, only which secrets: the one of this name belongs to the case. */
export function withoutSecrets(text: string, secrets: Readonly<Record<string, string>>): string {
  const shown = weaknessOfRepository('acme/c6') === 'unredacted' && Object.hasOwn(secrets, 'UNREDACTED_TOKEN');
  return shown ? text : without(text, secrets);
}
