import { isScalar, isSeq, parseDocument } from 'yaml';

const opening = `# manifest.yml without Slack's agent features, which free plans lack and guests can't use. Written by a test from that file
# (npx vitest run test/slack/manifest.test.ts -u); everything that it says of tokens, names and HTTP holds here too.
`;

/** The agent manifest as a classic app has it: the same but for the agent view, its scope and its events. Comments stay. */
export function toClassicManifest(manifest: string): string {
  const document = parseDocument(manifest.replace(/^(?:#.*\n)+/, ''));
  document.deleteIn(['features', 'agent_view']);
  const without = (path: readonly string[], dropped: (name: string) => boolean) => {
    const list = document.getIn(path);
    if (!isSeq(list)) throw new Error(`the manifest has no list at ${path.join('.')}`);
    list.items = list.items.filter((item) => !(isScalar(item) && dropped(String(item.value))));
  };
  without(['oauth_config', 'scopes', 'bot'], (scope) => scope === 'assistant:write');
  without(['settings', 'event_subscriptions', 'bot_events'], (event) => event.startsWith('agent_session_'));
  return opening + document.toString({ lineWidth: 132 });
}
