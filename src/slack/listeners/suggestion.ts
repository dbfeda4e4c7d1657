import type { AllMiddlewareArgs, SlackOptionsMiddlewareArgs } from '@slack/bolt';
import { option } from '../blocks/form-fields.ts';
import { suggestionRequest } from '../payloads.ts';
import type { ListenerDeps } from './deps.ts';

/** What a menu of repositories offers for the letters typed into it, where there are more than one menu holds. */
export function createSuggestionListener({ useCases }: ListenerDeps) {
  return async ({ body, ack }: SlackOptionsMiddlewareArgs<'block_suggestion'> & AllMiddlewareArgs): Promise<void> => {
    const { value } = suggestionRequest.parse(body);
    await ack({ options: useCases.findRepositories(value).map(option) });
  };
}
