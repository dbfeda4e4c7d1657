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

/** A port each of whose calls has a fail point before and one after it. */
export function pointed<Port extends object>(port: string, target: Port, options: Options): Port {
  const { away, except = [], streams = [], detail } = options;
  return new Proxy(target, {
    get(of, name) {
      const value: unknown = Reflect.get(of, name);
      if (typeof value !== 'function' || typeof name !== 'string') return value;
      const call = (args: readonly unknown[]): unknown => Reflect.apply(value, of, args);
      if (except.includes(name)) return (...args: unknown[]) => call(args);
      const pointOf = (args: readonly unknown[]) => {
        const more = detail?.(name, args);
        return `${port}.${name}${more === undefined ? '' : ` (${more})`}`;
      };
      if (streams.includes(name)) {
        return async function* (...args: unknown[]) {
          const point = pointOf(args);
          await reach(point, 'before', args, away);
          const given = call(args);
          if (isStream(given)) yield* given;
          await reach(point, 'after', args, away);
        };
      }
      return async (...args: unknown[]) => {
        const point = pointOf(args);
        await reach(point, 'before', args, away);
        const result = await call(args);
        await reach(point, 'after', [args, result], away);
        return result;
      };
    },
  });
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/** The outside that does not answer for now, as each port says it. */
export function problem(code: string, sentence: string): () => Problem {
  return () => new Problem({ code, sentence, next: 'Nothing: the suite did it.' }, { retry: true });
}
