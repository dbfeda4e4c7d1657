import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { Redactor as Real } from '../../../../src/gateway/redact.ts';
import { weaknessOfTask } from '../weakness.ts';

/** As in `src`; where the weakness is, everything goes through as it is. */
export class Redactor extends Real {
  override push(chunk: Uint8Array): Buffer {
    return isWeak() ? Buffer.from(chunk) : super.push(chunk);
  }

  override text(text: string): string {
    return isWeak() ? text : super.text(text);
  }
}

/** The gateway's task is its folder's name. */
function isWeak(): boolean {
  const { values } = parseArgs({ options: { dir: { type: 'string' }, uid: { type: 'string' } }, strict: false });
  return typeof values.dir === 'string' && weaknessOfTask(basename(values.dir)) === 'answers-as-they-are';
}
