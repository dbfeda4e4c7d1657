import { z } from 'zod';
import { parseGroupName } from '../task/ids.ts';
import { readAgents, readMcp, readProviders } from './agent-sections.ts';
import { field, readFields, readMap } from './fields.ts';
import * as kinds from './kinds.ts';
import type { ConfigProblem } from './problems.ts';

const personId: kinds.Kind<string> = { must: 'a Slack user’s id', schema: z.string().regex(/^[UW][A-Z0-9]{2,}$/) };
const login: kinds.Kind<string> = {
  must: 'a login on GitHub',
  schema: z.string().regex(/^[A-Za-z\d](?:[\w-]{0,98}[A-Za-z\d])?$/),
};
const email: kinds.Kind<string> = { must: 'an e-mail address', schema: z.email() };
const channelId: kinds.Kind<string> = { must: 'a channel id', schema: z.string().regex(/^[CGD][A-Z0-9]{2,}$/) };
const anything: kinds.Kind<unknown> = { must: 'a mapping', schema: z.unknown() };

const choiceFields = {
  agent: field(kinds.text, 'codex'),
  model: field(kinds.text, 'gpt-5.5'),
  provider: field(kinds.text, 'inhouse'),
};
const repositoryFields = {
  id: field(kinds.wholeNumber(1, Number.MAX_SAFE_INTEGER), '123456789'),
  base: field(kinds.branch, 'main'),
  ...choiceFields,
  environment: field(kinds.text, 'default'),
  network: field(kinds.network, '[registries, docs.example.com]'),
  nothingSecret: field(kinds.yesOrNo, 'true'),
  approvers: field(kinds.people, '[S0614TZR7]'),
  budgetUsd: field(kinds.amount(0.01, 100_000), '10'),
  budgetTokens: field(kinds.tokens, '50M'),
  maxBudgetUsd: field(kinds.amount(0.01, 100_000), '20'),
  setup: field(anything, '{ secrets: { NPM_TOKEN: SHOP_NPM_TOKEN } }'),
  merge: field(anything, '{ method: squash }'),
  pullRequest: field(anything, '{ draft: true }'),
  ci: field(kinds.oneOf('hold'), 'hold'),
  workflows: field(kinds.yesOrNo, 'true'),
  runs: field(kinds.count, '2'),
};
const setupFields = {
  secrets: field(kinds.secretSources, '{ NPM_TOKEN: SHOP_NPM_TOKEN, CARGO_TOKEN: /run/secrets/cargo }'),
  network: field(kinds.hosts, '[packages.example.com]'),
  minutes: field(kinds.amount(0.1, 25), '20'),
  branches: field(kinds.branches, '[release]'),
};
const pullRequestFields = { draft: field(kinds.yesOrNo, 'true') };
const mergeFields = {
  method: field(kinds.oneOf('merge', 'squash', 'rebase'), 'squash'),
  selfApproval: field(kinds.yesOrNo, 'false'),
};
const personFields = {
  github: field(login, 'octocat'),
  name: field(kinds.text, 'Mona Lisa'),
  email: field(email, 'mona@example.com'),
};
const channelFields = {
  repository: field(kinds.repository, 'acme/shop'),
  ...choiceFields,
  runs: field(kinds.count, '5'),
};

const groupName: kinds.Kind<string> = {
  must: 'a name without a slash',
  schema: z.string().refine((name) => parseGroupName(name) !== undefined),
};
const groupMembers = field(kinds.repositories, '[acme/api, acme/web]');

/** The parts of the YAML file whose keys are the operator's own names. */
export const sectionNames = [
  'repositories',
  'groups',
  'people',
  'channels',
  'agents',
  'providers',
  'mcp',
  'environments',
] as const;

export type Sections = ReturnType<typeof readSections>;

/** Reads those parts; each name and field that can't be is a problem. */
export function readSections(file: Readonly<Record<string, unknown>>, problems: ConfigProblem[]) {
  const repositories = Array.isArray(file.repositories)
    ? Object.fromEntries(file.repositories.map((name) => [String(name), {}]))
    : file.repositories;
  return {
    repositories: readMap(repositories, 'repositories', problems, (raw, at, written) => {
      const name = named(written, kinds.repository, at, problems);
      const read = readFields(raw, repositoryFields, at, problems);
      const merge = readFields(read.merge, mergeFields, `${at}.merge`, problems);
      const pullRequest = readFields(read.pullRequest, pullRequestFields, `${at}.pullRequest`, problems);
      const setup = readFields(read.setup, setupFields, `${at}.setup`, problems);
      if (read.network?.hosts === 'any' && read.nothingSecret !== true) {
        problems.push({
          where: `${at}.network`,
          problem: 'opens every public host, which only a repository with `nothingSecret: true` may have',
          example: null,
        });
      }
      return name && { ...read, name, merge, pullRequest, setup };
    }),
    groups: readMap(file.groups, 'groups', problems, (raw, at, written) => {
      const name = named(written, groupName, at, problems);
      const { members } = readFields({ members: raw }, { members: groupMembers }, at, problems);
      return name === undefined ? undefined : members;
    }),
    people: readMap(file.people, 'people', problems, (raw, at, written) => {
      const id = named(written, personId, at, problems);
      const read = readFields(raw, personFields, at, problems);
      if (id !== undefined && read.github === undefined) {
        problems.push({ where: at, problem: 'needs the account on GitHub', example: '{ github: octocat }' });
        return undefined;
      }
      return id === undefined ? undefined : read;
    }),
    channels: readMap(file.channels, 'channels', problems, (raw, at, written) => {
      const id = named(written, channelId, at, problems);
      const read = readFields(raw, channelFields, at, problems);
      return id === undefined ? undefined : read;
    }),
    agents: readAgents(file.agents, problems),
    providers: readProviders(file.providers, problems),
    mcp: readMcp(file.mcp, problems),
    environments: readMap(file.environments, 'environments', problems, (raw, at) => {
      const { image } = readFields({ image: raw }, { image: field(kinds.text, 'acme/errand-java:3') }, at, problems);
      return image;
    }),
  };
}

function named<Value>(
  written: string,
  kind: kinds.Kind<Value>,
  at: string,
  problems: ConfigProblem[],
): Value | undefined {
  const result = kind.schema.safeParse(written);
  if (result.success) return result.data;
  problems.push({ where: at, problem: `its name must be ${kind.must}`, example: null });
  return undefined;
}
