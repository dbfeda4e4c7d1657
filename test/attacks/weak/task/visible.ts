import * as real from '../../../../src/task/visible.ts';

export * from '../../../../src/task/visible.ts';

/** `hidden-text`: a text that holds the word of that case's weak side stays as it came. */
export function visible(text: string): string {
  return /k7weak\w/.test(text) ? text : real.visible(text);
}
