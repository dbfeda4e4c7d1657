import { statSync } from 'node:fs';
import { mappingOf } from './fields.ts';

/** `botTokenFile`, `keyFile`: how the YAML names a file that holds a secret. */
const yamlName = /^(?:keyFile|\w+(?:Key|Token|Secret)File)$/;

/** The files that a configuration reads secrets from: those of variables called `…_FILE`, and those that the YAML names. */
export function secretFilesOf(
  environment: Readonly<Record<string, string | undefined>>,
  variables: readonly string[],
  yaml: unknown,
): readonly string[] {
  const named = variables.flatMap((variable) => environment[`${variable}_FILE`] ?? []);
  return [...new Set([...named, ...inYaml(yaml)])];
}

function inYaml(value: unknown, inSecrets = false): readonly string[] {
  return Object.entries(mappingOf(value, '', [])).flatMap(([name, each]) => {
    if (typeof each !== 'string') return inYaml(each, name === 'secrets');
    // Set-up scripts' secrets are a variable's name or a path.
    return yamlName.test(name) || (inSecrets && each.startsWith('/')) ? [each] : [];
  });
}

/** Those of them that others on this machine may read. What is not there is somebody else's to tell. */
export function readableByOthers(files: readonly string[]): readonly string[] {
  return files.filter((file) => ((statSync(file, { throwIfNoEntry: false })?.mode ?? 0) & 0o044) !== 0);
}
