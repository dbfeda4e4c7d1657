import type { KnownBlock } from '@slack/types';
import type { Again } from '../../task/said.ts';
import { menuOptions, option, optionChars, plainText } from './form-fields.ts';
import { actionIds } from './parts.ts';

const againBlock = 'again:';

/** The draft that a menu under a refusal is for. */
export function draftOfBlock(blockId: string): string {
  return blockId.replace(/-r\d+$/, '').slice(againBlock.length);
}

/** Under a refusal: what to choose, where only the repository is missing, and the way into the form. */
export function againBlocks({ draft, repositories }: Again): KnownBlock[] {
  const label = draft === null ? 'Open the form' : 'Edit and send again';
  const button = { type: 'button', action_id: actionIds.form, text: plainText(label), value: draft ?? '' } as const;
  const named = draft !== null && repositories.length > 0 && repositories.every((name) => name.length <= optionChars);
  const menu = { action_id: actionIds.repositoryChosen, placeholder: plainText('Choose a repository') } as const;
  const select =
    repositories.length > menuOptions
      ? ({ type: 'external_select', min_query_length: 0, ...menu } as const)
      : ({ type: 'static_select', options: repositories.map(option), ...menu } as const);
  return [
    {
      type: 'actions',
      // What was chosen comes without the message it stands in: its block says which draft it is for.
      ...(named ? { block_id: `${againBlock}${draft}` } : {}),
      elements: [...(named ? [select] : []), button],
    },
  ];
}
