import { byName, privateKeyStart, type SecretRule, secretRules } from './secret-rules.ts';

/** Finds secrets in a text that comes line by line, such as the added lines of a file. */
export interface SecretFinder {
  /** The kinds of secret that this line holds, none twice. */
  line(text: string): readonly string[];
}

/** Longer lines are minified or data: what they hold is looked at in pieces that overlap by this much. */
const pieceChars = 20_000;
const overlapChars = 1_000;

/** One finder a file: a private key begins on one line and is told by the next. `quiet` leaves out what is only named like a secret. */
export function createSecretFinder({ quiet = false }: { readonly quiet?: boolean } = {}): SecretFinder {
  const rules = quiet ? secretRules.filter(({ random }) => random === undefined) : secretRules;
  let begun = false;
  return {
    line(text) {
      const kinds = new Set<string>();
      const start = privateKeyStart.exec(text);
      const rest = start === null ? '' : text.slice(start.index + start[0].length);
      if ((begun && isKeyBody(text)) || isKeyBody(rest)) kinds.add('a private key');
      // What comes between the first line and the key: headers of old formats, and an empty line after them.
      begun = start === null ? begun && /^[\s"'+>#*/-]*(?:[A-Za-z-]+: .*)?$/.test(text) : kinds.size === 0;
      for (const piece of pieces(text)) for (const { kind } of matches(rules, piece)) kinds.add(kind);
      // Whose key it is says more than that it is one.
      if (kinds.size > 1) kinds.delete(byName);
      return [...kinds];
    },
  };
}

/** The same text with a word in the place of each secret that can be told by its form. */
export function withoutSecrets(text: string): string {
  const keys = text.replaceAll(
    /(-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----)(?:(?!-----END)[\s\S]){40,10000}(?:-----END [A-Z0-9 ]{0,40}-----)?/g,
    '[a private key was taken out]',
  );
  const found = secretRules.filter(({ random }) => random === undefined).flatMap((rule) => [...matches([rule], keys)]);
  const values = [...new Set(found.map(({ value }) => value))].toSorted((one, other) => other.length - one.length);
  const kindOf = new Map(found.map(({ kind, value }) => [value, kind]));
  return values.reduce(
    (shown, value) => shown.replaceAll(value, `[${kindOf.get(value) ?? 'a secret'} was taken out]`),
    keys,
  );
}

function* pieces(text: string): Generator<string> {
  for (let at = 0; at === 0 || at < text.length; at += pieceChars) {
    yield text.slice(at, at + pieceChars + overlapChars);
  }
}

function* matches(rules: readonly SecretRule[], text: string): Generator<{ kind: string; value: string }> {
  for (const { kind, match, random } of rules) {
    for (const found of text.matchAll(match)) {
      const value = found.groups?.value ?? found[0];
      const isSecret =
        random === true ? looksRandom(value) && !isHarmlessName(nameAt(text, found)) : variety(value) >= 6;
      if (isSecret) yield { kind, value };
    }
  }
}

/** The whole name that a value stands under; '' where the rule looks at none. */
function nameAt(text: string, { groups, index }: RegExpExecArray): string {
  const name = groups?.name;
  if (name === undefined) return '';
  return `${/[\w.-]*$/.exec(text.slice(Math.max(0, index - 60), index))?.[0] ?? ''}${name}`;
}

function isKeyBody(text: string): boolean {
  return /^(?:\\[rn]|[\s"'+>#*/\\n-])*[A-Za-z0-9+/]{40}/.test(text);
}

/** Names that hold what everybody may read, or say where a secret is rather than what it is. */
function isHarmlessName(name: string): boolean {
  return /public|pub_?key|hash|digest|checksum|integrity|fingerprint|(?:key|token|secret|credential)s?[_.-]?(?:id|ids|name|names|path|file|url|uri|endpoint|type|arn|ref|count|limit|length|regex|pattern|header|expir\w*|ttl)$|max_?tokens|tokeni[sz]er/i.test(
    name,
  );
}

/** A placeholder, a word, a variable or a path is no secret; what is drawn at random mixes letters and digits with little repeated. */
function looksRandom(value: string): boolean {
  const plain = value.replace(/[=.]+$/, '');
  if (plain.length < 16 || !/\d/.test(plain) || !/[A-Za-z]/.test(plain)) return false;
  if (/^[$%{<]|\$\{|\{\{|^(?:process|env|os|secrets|vars|config|settings|self|this|ctx)\b\.?/i.test(value))
    return false;
  if (
    /example|sample|dummy|placeholder|change-?_?me|your[_-]|redacted|fake|xxxx|1234567|abcdef|\.\.\.|test[_-]?(?:key|token|secret|pass)/i.test(
      value,
    )
  )
    return false;
  // An address or a path; words joined by marks, as in names of settings.
  if (/^(?:https?:)?\/\/|^\.{0,2}\/|^[a-z]:\\/i.test(value)) return false;
  if (plain.split(/[^A-Za-z0-9]+/).every((part) => /^(?:[A-Z]?[a-z]{2,}|\d{1,4})*$|^[A-Z]+$/.test(part))) return false;
  if (/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(plain)) return true;
  const isHex = /^[0-9a-f]+$/i.test(plain);
  return isHex ? plain.length >= 32 && entropy(plain) >= 3 : entropy(plain) >= 3.4 && changes(plain) >= 4;
}

/** How often letters and digits, or small and capital letters, follow each other: words and versions do it seldom. */
function changes(text: string): number {
  const classes = Array.from(text, (each) =>
    /\d/.test(each) ? 'd' : /[a-z]/.test(each) ? 'l' : /[A-Z]/.test(each) ? 'u' : 'o',
  );
  return classes.filter((each, at) => at > 0 && each !== classes[at - 1]).length;
}

function variety(text: string): number {
  return new Set(text).size;
}

/** Bits a character, as Shannon counts them. */
function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const each of text) counts.set(each, (counts.get(each) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => sum - (count / text.length) * Math.log2(count / text.length), 0);
}
