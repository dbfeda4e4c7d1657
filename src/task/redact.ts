/** Takes secrets out of whatever leaves a process: by their value, not by where they stand. */
export interface Redactor {
  text(text: string): string;
  /** The same for something that is written as JSON. */
  value<Value>(value: Value): Value;
  /** Knows one more from now on, such as a token that was just made. */
  learn(secret: string): void;
}

const mask = '[secret]';
/** Shorter ones are words that stand everywhere, and no secrets worth the name. */
const shortest = 6;
/** Tokens come and go; the oldest are over long before there are so many. */
const mostKnown = 2_000;
/** What no log is to show, whoever's it is. */
const headers = /(authorization["']?\s*[:=]\s*["']?(?:basic|bearer|token)\s+)[\w.+/=~-]{8,}/gi;

/** Knows these, and each as JSON, in an address and in base64 (as part of something longer, too). */
export function createRedactor(secrets: readonly (string | null | undefined)[]): Redactor {
  const known = new Set<string>();
  let pattern: RegExp | null = null;

  function learn(secret: string): void {
    const before = known.size;
    for (const form of formsOf(secret.trim())) known.add(form);
    if (known.size === before) return;
    for (const form of known) {
      if (known.size <= mostKnown) break;
      known.delete(form);
    }
    // The longest first: one can begin another.
    const forms = [...known].toSorted((one, other) => other.length - one.length);
    pattern = new RegExp(forms.map((form) => form.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')).join('|'), 'g');
  }
  for (const secret of secrets) if (secret) learn(secret);

  const text = (dirty: string) => {
    const clean = pattern === null ? dirty : dirty.replace(pattern, mask);
    return clean.replace(headers, `$1${mask}`);
  };
  return {
    text,
    learn,
    value(value) {
      const json = JSON.stringify(value);
      if (json === undefined) return value;
      const clean = text(json);
      return clean === json ? value : JSON.parse(clean);
    },
  };
}

function formsOf(secret: string): readonly string[] {
  if (secret.length < shortest) return [];
  // A key of several lines is told from its lines, for programs quote one of them.
  const lines = secret.includes('\n') ? secret.split('\n').filter((line) => /^[\w+/=]{16,}$/.test(line.trim())) : [];
  const plain = [secret, ...lines.map((line) => line.trim())];
  return plain.flatMap((each) => [
    each,
    JSON.stringify(each).slice(1, -1),
    encodeURIComponent(each),
    ...base64Of(each),
  ]);
}

/** What of a secret's base64 does not depend on what stands around it, at each of the three places it can begin. */
function base64Of(secret: string): readonly string[] {
  const bytes = new TextEncoder().encode(secret);
  return [0, 1, 2].flatMap((before) => {
    const padded = new Uint8Array(before + bytes.length);
    padded.set(bytes, before);
    const whole = btoa(Array.from(padded, (byte) => String.fromCharCode(byte)).join('')).replace(/=+$/, '');
    const from = Math.ceil((before * 4) / 3);
    const own = whole.slice(from, padded.length % 3 === 0 ? undefined : -1);
    const url = own.replaceAll('+', '-').replaceAll('/', '_');
    return own.length < 8 ? [] : [own, url];
  });
}
