import { editFile, failWith, type Handler, say } from '../fakes/model-server.ts';
import type { Reach } from './faults.ts';
import { fileOf } from './plan.ts';

/** A model that writes the request's own file and is done; now and then it can't, as it was told. */
export function answering(model: Reach['model']): Handler {
  return ({ messages, prompt, round }) => {
    const fault = model.next;
    model.next = 'none';
    if (fault === 'overloaded') return failWith(529);
    if (fault === 'cut') return { fault: 'cut' };
    const said = [prompt, ...messages.map(({ text }) => text)].join('\n');
    const title = /Soak \d{4}(?: again)?/.exec(said)?.[0];
    return round > 0 || title === undefined ? say('Written down.') : editFile(fileOf(title), title);
  };
}
