import { z } from 'zod';

/** What gateways are told of the outside; what each entry holds is the gateway's business. */
export const gatewayKeysSchema = z.strictObject({
  /** Model providers by name. */
  providers: z.record(z.string(), z.unknown()).default({}),
  /** MCP servers by name. */
  mcp: z.record(z.string(), z.unknown()).default({}),
  /** The machine's own way out. */
  egress: z.unknown().optional(),
});

export type GatewayKeys = z.output<typeof gatewayKeysSchema>;

const namesSchema = z.object({
  providers: z.array(z.string()),
  mcp: z.array(z.object({ name: z.string() })).default([]),
});

/** The keys that a gateway with this policy needs, and no other. Throws where it is no policy. */
export function keysFor({ providers, mcp, egress }: GatewayKeys, policy: unknown): GatewayKeys {
  const names = namesSchema.parse(policy);
  return {
    providers: named(providers, names.providers),
    mcp: named(
      mcp,
      names.mcp.map(({ name }) => name),
    ),
    ...(egress === undefined ? {} : { egress }),
  };
}

function named(all: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)));
}
