import { Redactor as Real } from '../../../../src/gateway/redact.ts';
import { weakness } from './which.ts';

/** As in `src`; where the weakness is, everything goes through as it is. */
export class Redactor extends Real {
  override push(chunk: Uint8Array): Buffer {
    return weakness === 'answers-as-they-are' ? Buffer.from(chunk) : super.push(chunk);
  }

  override text(text: string): string {
    return weakness === 'answers-as-they-are' ? text : super.text(text);
  }
}
