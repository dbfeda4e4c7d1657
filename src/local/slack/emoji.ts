import table from './emoji.json' with { type: 'json' };

const names: ReadonlyMap<string, string> = new Map(Object.entries(table.names));
const aliases: ReadonlyMap<string, string> = new Map(Object.entries(table.aliases));
const byCharacter: ReadonlyMap<string, string> = new Map([...names].map(([name, character]) => [character, name]));

/** Slack's own name for what was asked: no colons, aliases resolved, a skin tone kept. Undefined where there is no such emoji. */
export function toEmojiName(asked: string): string | undefined {
  const [base = '', tone, ...rest] = asked.replaceAll(/^:|:$/g, '').split('::');
  const name = aliases.get(base) ?? base;
  if (!names.has(name) || rest.length > 0) return undefined;
  if (tone === undefined) return name;
  return /^skin-tone-[2-6]$/.test(tone) ? `${name}::${tone}` : undefined;
}

/** The character of an emoji, or its name in colons where there is none. */
export function toEmojiCharacter(name: string): string {
  const base = name.split('::')[0] ?? name;
  return names.get(aliases.get(base) ?? base) ?? `:${name}:`;
}

/** Turns emoji characters that were typed into Slack's `:name:`, as its composer does. */
export function namesForCharacters(text: string): string {
  return text.replaceAll(/\p{Extended_Pictographic}\u{fe0f}?/gu, (character) => {
    const name = byCharacter.get(character) ?? byCharacter.get(character.replace('\u{fe0f}', ''));
    return name === undefined ? character : `:${name}:`;
  });
}
