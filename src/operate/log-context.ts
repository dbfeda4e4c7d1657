import { AsyncLocalStorage } from 'node:async_hooks';

const context = new AsyncLocalStorage<object>();

/** What is logged while `work` goes on, by whatever part of the program, carries these fields beside those of work around it. */
export function within<Result>(fields: object, work: () => Result): Result {
  return context.run({ ...context.getStore(), ...fields }, work);
}

/** The fields of the work that is going on. */
export function fieldsWithin(): object {
  return context.getStore() ?? {};
}
