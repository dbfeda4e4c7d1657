import { stripVTControlCharacters } from 'node:util';

/** Text of hostile origin without escape sequences, control characters and direction overrides; line feeds and tabs stay. */
export function scrub(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/\r\n?/g, '\n')
    .replace(/(?![\n\t])\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu, '')
    .toWellFormed();
}

/** The scrubbed text on one line, at most `max` characters. */
export function oneLine(text: string, max: number): string {
  const line = scrub(text).replace(/\s+/g, ' ').trim();
  return line.length > max ? `${line.slice(0, max - 1).toWellFormed()}…` : line;
}

/** The last `max` characters, from the start of a line where there is one in reach. */
export function tail(text: string, max: number): string {
  if (text.length <= max) return text;
  const cut = text.slice(-max);
  const line = cut.indexOf('\n');
  return (line >= 0 && line < max / 2 ? cut.slice(line + 1) : cut).toWellFormed();
}

/** At most `max` characters from the start. */
export function head(text: string, max: number): string {
  return text.length > max ? `${text.slice(0, max - 1).toWellFormed()}…` : text;
}
