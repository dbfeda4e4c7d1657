/** What a task may reach. Every part of it is a grant: what is not named is closed. */
export interface Network {
  /** The way to model providers and MCP servers. */
  readonly model: boolean;
  /** The package registries that the image's own package managers are set to, to read from. */
  readonly registries: boolean;
  /** Exact host names, port 443; `any` is every public one. */
  readonly hosts: readonly string[] | 'any';
}

/** The names that stand for a whole network, in the order of what they open. */
export const presets = {
  off: { model: false, registries: false, hosts: [] },
  model: { model: true, registries: false, hosts: [] },
  registries: { model: true, registries: true, hosts: [] },
  open: { model: true, registries: true, hosts: 'any' },
} as const satisfies Record<string, Network>;

export type Preset = keyof typeof presets;

/** A package registry of an image: where one of its package managers is set to fetch from. */
export interface Registry {
  /** Of the gateway's route, `/registry/<name>/`. */
  readonly name: string;
  readonly kind: 'npm' | 'pip' | 'apt' | 'cargo';
  /** Ends in a slash. */
  readonly url: string;
}

/** A host that a task was refused; `allowable` where a person could allow it by its name. */
export interface BlockedHost {
  readonly host: string;
  readonly allowable: boolean;
}

const hostName = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/;

/** Whether this is an exact host name, lower case, and no address: addresses are open to nobody. */
export function isHostName(text: string): boolean {
  const last = text.slice(text.lastIndexOf('.') + 1);
  return hostName.test(text) && !/^(?:\d+|0x[0-9a-f]*)$/.test(last);
}

/**
 * Reads words that each are a preset or a host: the presets' grants and the hosts together. Hosts alone go with the model. Undefined
 * for an unknown word, for none, and where `off` stands beside another.
 */
export function readNetwork(words: readonly string[]): Network | undefined {
  const named = words.filter((word): word is Preset => Object.hasOwn(presets, word));
  const hosts = words.filter((word) => !Object.hasOwn(presets, word));
  if (words.length === 0 || !hosts.every(isHostName)) return undefined;
  if (named.includes('off') && words.length > 1) return undefined;
  const [first = 'model', ...others] = named;
  return [first, ...others].map((name): Network => presets[name]).reduce(joined, { ...presets[first], hosts });
}

function joined(one: Network, other: Network): Network {
  return {
    model: one.model || other.model,
    registries: one.registries || other.registries,
    hosts: one.hosts === 'any' || other.hosts === 'any' ? 'any' : [...new Set([...one.hosts, ...other.hosts])],
  };
}

/** What both allow: a narrowing never opens anything. */
export function narrowed(one: Network, other: Network): Network {
  const { hosts } = one;
  return {
    model: one.model && other.model,
    registries: one.registries && other.registries,
    hosts:
      hosts === 'any'
        ? other.hosts
        : other.hosts === 'any'
          ? hosts
          : hosts.filter((host) => other.hosts.includes(host)),
  };
}

/** What all of them allow; everything where there are none. */
export function allOf(networks: readonly Network[]): Network {
  return networks.reduce(narrowed, presets.open);
}

/** What `wish` names and `ceiling` has not, in words for people; empty where it stays below. */
export function beyond(wish: Network, ceiling: Network): readonly string[] {
  const { hosts } = ceiling;
  return [
    ...(wish.model && !ceiling.model ? ['a model'] : []),
    ...(wish.registries && !ceiling.registries ? ['package registries'] : []),
    ...(wish.hosts === 'any'
      ? hosts === 'any'
        ? []
        : ['every public host']
      : wish.hosts.filter((host) => hosts !== 'any' && !hosts.includes(host))),
  ];
}

/** A network in words for people, as the end of "It may reach …". */
export function networkWords({ model, registries, hosts }: Network): string {
  const words = [
    ...(model ? ['the model'] : []),
    ...(registries ? ['package registries, to read'] : []),
    ...(hosts === 'any' ? ['every public host'] : hosts),
  ];
  return words.length === 0 ? 'nothing' : words.join(', ');
}

/** Bytes that passed a task's gateway by now, as its meter shows them: model calls, and all others (hosts, registries, MCP servers). */
export interface Traffic {
  /** One that was lost is followed by another, which begins at nothing. */
  readonly meter: string;
  readonly modelSent: number;
  readonly modelReceived: number;
  readonly hostSent: number;
  readonly hostReceived: number;
}
