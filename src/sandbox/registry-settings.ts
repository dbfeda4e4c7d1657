import { inside } from '../../sandbox/protocol.ts';
import type { Registry } from '../task/network.ts';
import type { PackageManagers } from './registries.ts';

/** What points the package managers inside at the gateway. */
export interface RegistrySettings {
  readonly env: readonly string[];
  /** By their path below `settingsFolder`. */
  readonly files: Readonly<Record<string, string>>;
  /** Whether cargo, which reads its sources from no variable, finds them in a file. */
  readonly cargo: boolean;
}

/** The same with the folder on the host that holds the files; null without any. */
export type RegistryMount = Pick<RegistrySettings, 'env' | 'cargo'> & { readonly folder: string | null };

const { host, port } = inside.forwarder;
/** Where a container finds the files. */
export const settingsFolder = '/run/registries';

export function registrySettings({ registries, sources }: PackageManagers): RegistrySettings {
  const settings = registries.map((registry) => settingsOf(registry));
  const apt = registries.filter(({ kind }) => kind === 'apt');
  return {
    env: [...settings.flat(), ...(apt.length === 0 ? [] : [`APT_CONFIG=${settingsFolder}/apt/apt.conf`])],
    files: {
      ...(apt.length === 0 ? {} : aptFiles(apt, sources)),
      ...Object.fromEntries(
        registries.flatMap((each) => (each.kind === 'cargo' ? [['cargo/config.toml', cargo(each)]] : [])),
      ),
    },
    cargo: registries.some(({ kind }) => kind === 'cargo'),
  };
}

function route({ name }: Registry): string {
  return `http://${host}:${port}/registry/${name}/`;
}

function settingsOf(registry: Registry): string[] {
  const url = route(registry);
  switch (registry.kind) {
    case 'npm':
      return [
        `NPM_CONFIG_REGISTRY=${url}`,
        // A lock file names the registry itself: npm asks the route in its stead, and goes on writing the true name.
        'NPM_CONFIG_REPLACE_REGISTRY_HOST=always',
        // Both would be POSTs.
        'NPM_CONFIG_AUDIT=false',
        'NPM_CONFIG_FUND=false',
        `YARN_NPM_REGISTRY_SERVER=${url}`,
        `YARN_UNSAFE_HTTP_WHITELIST=${host}`,
      ];
    case 'pip':
      return [`PIP_INDEX_URL=${url}`, `UV_DEFAULT_INDEX=${url}`, 'PIP_DISABLE_PIP_VERSION_CHECK=1'];
    case 'cargo':
    case 'apt':
      return [];
    default:
      return registry.kind satisfies never;
  }
}

function cargo(registry: Registry): string {
  return [
    '[source.crates-io]',
    'replace-with = "errand"',
    '[source.errand]',
    `registry = "sparse+${route(registry)}"`,
    '',
  ].join('\n');
}

/** apt may write neither its lists nor its archives where root would: both go to the task's home. It makes a folder only if called `apt`. */
function aptFiles(registries: readonly Registry[], sources: PackageManagers['sources']): Record<string, string> {
  const own = `${inside.home}/apt/`;
  const conf = [
    `Dir::Etc::sourcelist "${settingsFolder}/apt/sources.list";`,
    `Dir::Etc::sourceparts "${settingsFolder}/apt/sources.list.d";`,
    `Dir::State "${own}";`,
    `Dir::State::status "/var/lib/dpkg/status";`,
    `Dir::Cache "${own}";`,
    `Acquire::http::Proxy::${host} "DIRECT";`,
    '',
  ];
  const moved = Object.entries(sources).map(([file, text]) => {
    const place = file === 'sources.list' ? 'apt/sources.list' : `apt/sources.list.d/${file}`;
    return [place, registries.reduce((rest, each) => withRoute(rest, each), text)] as const;
  });
  return { 'apt/sources.list': '', 'apt/apt.conf': conf.join('\n'), ...Object.fromEntries(moved) };
}

/** Sources name a registry with a final slash or without. */
function withRoute(text: string, registry: Registry): string {
  const bare = registry.url.replace(/\/$/, '');
  const pattern = new RegExp(`${bare.replace(/[.*+?^${'$'}{}()|[\]\\]/g, '\\$&')}/?(?=\\s|$)`, 'gm');
  return text.replace(pattern, route(registry));
}
