import type { LooseObject } from './workspace.ts';

/** `{ok: false}` and its code, thrown from inside a method. */
export class Refused extends Error {
  readonly code: string;
  readonly extra: LooseObject;

  constructor(code: string, extra: LooseObject = {}) {
    super(code);
    this.code = code;
    this.extra = extra;
  }
}
