import * as real from '../../../../../src/slack/connection.ts';
import { reach } from '../../reach.ts';

export * from '../../../../../src/slack/connection.ts';

type Send = NonNullable<real.ConnectionOptions['fetch']>;

const away = () => new TypeError('fetch failed: the suite took Slack away');

/** Each call of Slack's Web API is a boundary: an error after it is an answer that was lost on the way. */
export function connectSlack(options: real.ConnectionOptions): Promise<real.Connection> {
  const send: Send = options.fetch ?? fetch;
  const asking: Send = async (input, init) => {
    const url = new URL(input);
    const point = `slack.${url.pathname.split('/').at(-1)}`;
    const facts = [url.search, String(init?.body ?? ''), init?.body];
    await reach(point, 'before', facts, away);
    const answer = await send(input, init);
    await reach(point, 'after', facts, away);
    return answer;
  };
  return real.connectSlack({ ...options, fetch: asking });
}
