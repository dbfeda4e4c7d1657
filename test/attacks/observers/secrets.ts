/** How a secret may stand in a text: as it is, or within something that was written in base64. */
export function formsOf(secret: string): readonly string[] {
  const within = [0, 1, 2].flatMap((before) => {
    const whole = Buffer.from(`${' '.repeat(before)}${secret}`)
      .toString('base64')
      .replace(/=+$/, '');
    // Its first and last letters hold bits of what stands around it.
    return whole.slice(before === 0 ? 0 : before + 1, -1);
  });
  return [secret, ...within];
}

/** The names of the secrets that stand in a text, in any form. */
export function secretsIn(text: string, secrets: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(secrets).flatMap(([name, secret]) =>
    formsOf(secret).some((form) => text.includes(form)) ? [name] : [],
  );
}
