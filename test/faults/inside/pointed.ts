import { Problem } from '../../../src/task/problem.ts';
import { reach } from './reach.ts';

interface Options {
  /** What the port throws when what it stands on is away. */
  readonly away: () => Error;
  /** Calls that last as long as the process, or that nobody waits for. */
  readonly except?: readonly string[];
  /** Calls that give one thing after another. */
  readonly streams?: readonly string[];
  /** What tells apart calls of one name: an event's type, say. */
  readonly detail?: (method: string, args: readonly unknown[]) => string | undefined;
}

type Call = (args: readonly unknown[]) => unknown;

/** A port each of whose calls has a fail point before and one after it. */
export function pointed<Port extends object>(port: string, target: Port, options: Options): Port {
  return new Proxy(target, {
    get(of, name) {
      const value: unknown = Reflect.get(of, name);
      if (typeof value !== 'function' || typeof name !== 'string') return value;
      const call: Call = (args) => Reflect.apply(value, of, args);
      return (...args: unknown[]) => around(port, name, options, args, call);
    },
  });
}

/** The same for a class that others build on: each method of `parent` that `own` does not have gets its fail points there. */
export function pointedClass(port: string, parent: object, own: object, options: Options): void {
  for (const name of Object.getOwnPropertyNames(parent)) {
    const value: unknown = Reflect.get(own, name);
    if (name === 'constructor' || typeof value !== 'function') continue;
    Object.defineProperty(own, name, {
      configurable: true,
      writable: true,
      value(this: unknown, ...args: unknown[]) {
        return around(port, name, options, args, (given) => Reflect.apply(value, this, given));
      },
    });
  }
}

function around(port: string, name: string, options: Options, args: readonly unknown[], call: Call): unknown {
  const { away, except = [], streams = [], detail } = options;
  if (except.includes(name)) return call(args);
  const more = detail?.(name, args);
  const point = `${port}.${name}${more === undefined ? '' : ` (${more})`}`;
  if (streams.includes(name)) return stream(point, away, args, call);
  return answer(point, away, args, call);
}

async function answer(point: string, away: Options['away'], args: readonly unknown[], call: Call): Promise<unknown> {
  await reach(point, 'before', args, away);
  const result = await call(args);
  await reach(point, 'after', [args, result], away);
  return result;
}

async function* stream(point: string, away: Options['away'], args: readonly unknown[], call: Call) {
  await reach(point, 'before', args, away);
  const given = call(args);
  if (isStream(given)) yield* given;
  await reach(point, 'after', args, away);
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/** The outside that does not answer for now, as each port says it. */
export function problem(code: string, sentence: string): () => Problem {
  return () => new Problem({ code, sentence, next: 'Nothing: the suite did it.' }, { retry: true });
}
