import { settingList } from '../../src/config.ts';

const begin = /<!-- settings: [^>]*-->\n/;
const end = '<!-- /settings -->';

/** A text with the table of all settings between its two marks. Throws when the marks are not there. */
export function withSettings(text: string): string {
  const from = begin.exec(text);
  const to = text.indexOf(end);
  if (from === null || to === -1) throw new Error(`The place for the settings, up to ${end}, is gone`);
  return `${text.slice(0, from.index + from[0].length)}\n${settingsTable()}\n\n${text.slice(to)}`;
}

/** Every setting as a row: its variable, where the YAML file says it, what holds without it, and what it means. */
export function settingsTable(): string {
  const rows = settingList.map(([, { variable, path, secret, meaning, example, ...setting }]) => {
    const name = `${secret ? '🔑 ' : ''}\`${variable ?? path}\``;
    const file = variable === null ? '' : path === 'configFile' ? '' : `\`${path}${secret ? 'File' : ''}\``;
    const words = `${meaning} For example \`${example}\`.`;
    return row(name, file, setting.default ?? '', words);
  });
  return [row('variable', 'in the YAML file', 'without it', 'what it is'), '| --- | --- | --- | --- |', ...rows].join(
    '\n',
  );
}

function row(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}
