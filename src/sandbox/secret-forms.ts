/** The shortest secret that can be looked for: a shorter one stands in files that have nothing to do with it. */
export const minSecretChars = 8;
/** `base64` breaks its lines at 76; what is looked for stays within the first. */
const maxBase64Chars = 60;
const minLineChars = 16;
const mask = '[secret]';

/**
 * The forms in which a secret is looked for: as it is, each of its longer lines, and as JSON, in a URL, in hexadecimal and in base64
 * write it, the last also where something stands before it, as in `user:secret`.
 */
export function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const lines = secret.split(/\r?\n/).filter((line) => line.length >= minLineChars);
  const url = encodeURIComponent(secret);
  const base64 = [0, 1, 2].map((before) => shiftedBase64(bytes, before));
  const forms = [
    secret,
    ...lines,
    JSON.stringify(secret).slice(1, -1),
    url,
    url.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    ...base64,
    ...base64.map((form) => form.replaceAll('+', '-').replaceAll('/', '_')),
  ];
  return [...new Set(forms)].filter((form) => form.length >= minSecretChars);
}

/** The text without any form of the secrets. */
export function withoutSecrets(text: string, secrets: Readonly<Record<string, string>>): string {
  const forms = Object.values(secrets).flatMap(formsOf);
  return forms.toSorted((a, b) => b.length - a.length).reduce((clean, form) => clean.replaceAll(form, mask), text);
}

/** What base64 makes of the secret after `before` other bytes, less the characters that these and what follows have a part in. */
function shiftedBase64(bytes: Buffer, before: number): string {
  const shifted = Buffer.concat([Buffer.alloc(before), bytes]);
  const whole = shifted.subarray(0, shifted.length - (shifted.length % 3)).toString('base64');
  return whole.slice(before === 0 ? 0 : 4, maxBase64Chars);
}
