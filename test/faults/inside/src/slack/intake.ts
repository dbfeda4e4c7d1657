import * as real from '../../../../../src/slack/intake.ts';
import { broken } from '../../armed.ts';

export * from '../../../../../src/slack/intake.ts';

/** `ack-first`: Slack gets its 200 before anything is stored, as Bolt does it by itself. */
export function storeFirst(...[app, options]: Parameters<typeof real.storeFirst>): real.Intake {
  const intake = real.storeFirst(app, options);
  if (broken() !== 'ack-first') return intake;
  const process = app.processEvent.bind(app);
  app.processEvent = async (event) => {
    await event.ack();
    return process({ ...event, ack: async () => undefined });
  };
  return intake;
}
