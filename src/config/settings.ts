import { runtimeWishes } from '../sandbox/runtime.ts';
import * as kinds from './kinds.ts';

/** The processes of one Errand. `all` supervises the others and so knows everything. */
export type ProcessName = 'all' | 'bot' | 'worker' | 'broker' | 'gateway' | 'local';

export interface Setting<Value = unknown> {
  /** The variable; null for what only the YAML file says. */
  readonly variable: string | null;
  /** Other spellings of the variable, tried in order. */
  readonly also: readonly string[];
  /** Where the YAML file says it. A secret stands in a file of its own: the YAML says `<path>File`. */
  readonly path: string;
  readonly meaning: string;
  /** In words or as it would be written; null where nothing stands in for it. */
  readonly default: string | null;
  readonly example: string;
  readonly secret: boolean;
  /** Whether `<variable>_FILE` may name a file that holds it: secrets, and addresses with a password. */
  readonly fromFile: boolean;
  /** Which processes get it, apart from `all`. */
  readonly holders: readonly ProcessName[];
  readonly kind: kinds.Kind<Value>;
}

const everybody: readonly ProcessName[] = ['bot', 'worker', 'broker', 'gateway', 'local'];

function setting<Value>(
  variable: string | null,
  path: string,
  kind: kinds.Kind<Value>,
  words: {
    meaning: string;
    example: string;
    default?: string;
    also?: readonly string[];
    holders?: readonly ProcessName[];
    mayHoldPassword?: true;
  },
): Setting<Value> {
  return {
    variable,
    path,
    kind,
    meaning: words.meaning,
    example: words.example,
    default: words.default ?? null,
    also: words.also ?? [],
    secret: kind === kinds.secret,
    fromFile: kind === kinds.secret || words.mayHoldPassword === true,
    holders: words.holders ?? everybody,
  };
}

const bot: readonly ProcessName[] = ['bot'];
const worker: readonly ProcessName[] = ['worker'];
const gateway: readonly ProcessName[] = ['gateway'];
const storeUsers: readonly ProcessName[] = ['bot', 'worker'];

/** Everything that one value can set. README and `npm run doctor` are made from it. */
export const settings = {
  slackBotToken: setting('SLACK_BOT_TOKEN', 'slack.botToken', kinds.secret, {
    meaning: 'The bot’s token. Without it Errand serves its own small Slack on a local page.',
    example: 'xoxb-…',
    holders: bot,
  }),
  slackAppToken: setting('SLACK_APP_TOKEN', 'slack.appToken', kinds.secret, {
    meaning: 'The app-level token for Socket Mode, which needs no public address.',
    example: 'xapp-…',
    holders: bot,
  }),
  slackSigningSecret: setting('SLACK_SIGNING_SECRET', 'slack.signingSecret', kinds.secret, {
    meaning: 'Chooses HTTP mode where no app token is given: Slack calls `/slack/events` on `PORT`.',
    example: '8f742231b10e…',
    holders: bot,
  }),
  port: setting('PORT', 'slack.port', kinds.wholeNumber(1, 65_535), {
    meaning: 'Where HTTP mode, or the local page, listens.',
    default: '3000',
    example: '8080',
  }),
  slackApiUrl: setting('SLACK_API_URL', 'slack.apiUrl', kinds.url, {
    meaning: 'Slack’s Web API; another for GovSlack.',
    default: 'https://slack.com/api/',
    example: 'https://slack-gov.com/api/',
  }),
  command: setting('ERRAND_COMMAND', 'slack.command', kinds.slashCommand, {
    meaning: 'The slash command; Slack’s names are not namespaced, so two apps must not share one.',
    default: '/agent',
    example: '/errand',
  }),
  linkHosts: setting(null, 'slack.linkHosts', kinds.hosts, {
    meaning:
      'Hosts that the texts of agents may link to in Slack, beside GitHub’s. Addresses elsewhere are shown so that nobody can click on them.',
    example: 'docs.example.com',
    holders: bot,
  }),
  githubToken: setting('GITHUB_TOKEN', 'github.token', kinds.secret, {
    meaning:
      'A token that may push branches and open and merge pull requests. Without it and an app, Errand serves its own small forge.',
    example: 'github_pat_…',
    holders: worker,
  }),
  githubAppId: setting('GITHUB_APP_ID', 'github.appId', kinds.text, {
    meaning: 'The id of a GitHub App, instead of a token.',
    example: '123456',
    holders: worker,
  }),
  githubAppPrivateKey: setting('GITHUB_APP_PRIVATE_KEY', 'github.appPrivateKey', kinds.secret, {
    meaning: 'The app’s private key; line breaks may be written as \\n.',
    example: '-----BEGIN RSA PRIVATE KEY-----\\n…',
    holders: worker,
  }),
  githubApiUrl: setting('GITHUB_API_URL', 'github.apiUrl', kinds.url, {
    meaning: 'GitHub’s REST API; another for Enterprise Server.',
    default: 'what belongs to `GITHUB_URL`',
    example: 'https://github.example.com/api/v3',
  }),
  githubUrl: setting('GITHUB_URL', 'github.url', kinds.url, {
    meaning: 'Where repositories are cloned from, and people open GitHub.',
    default: 'what belongs to `GITHUB_API_URL`, else https://github.com',
    example: 'https://github.example.com',
  }),
  webhookSecret: setting('GITHUB_WEBHOOK_SECRET', 'github.webhookSecret', kinds.secret, {
    meaning:
      'The secret of a webhook that tells Errand of pull requests at `/github/webhooks`, so that it need not wait until it asks again.',
    example: 'a long random text',
    holders: bot,
  }),
  webhookPort: setting('GITHUB_WEBHOOK_PORT', 'github.webhookPort', kinds.wholeNumber(1, 65_535), {
    meaning: 'Where that webhook comes in, if not where Slack comes in over HTTP.',
    default: '`PORT` with Slack over HTTP, else 3001',
    example: '8081',
    holders: bot,
  }),
  pollSeconds: setting('ERRAND_POLL_SECONDS', 'github.pollSeconds', kinds.wholeNumber(1, 3_600), {
    meaning:
      'How often an open pull request is looked at for what people do on GitHub, whether a webhook tells of it or not.',
    default: '30',
    example: '60',
    holders: worker,
  }),
  signingKey: setting('ERRAND_SIGNING_KEY', 'git.signingKey', kinds.secret, {
    meaning:
      'An SSH key without a passphrase (ed25519 or RSA) that commits are signed with. Its public half is a signing key of the account that commits.',
    example: '-----BEGIN OPENSSH PRIVATE KEY-----\\n…',
    holders: worker,
  }),
  committer: setting('ERRAND_COMMITTER', 'git.committer', kinds.author, {
    meaning: 'Whom commits are by. An app can have no signing key: with one, name the account that has it.',
    default: 'the account of the token, or the app',
    example: 'Errand <123+errand-bot@users.noreply.github.com>',
    holders: worker,
  }),
  redisUrl: setting('REDIS_URL', 'redis.url', kinds.redisUrl, {
    meaning: 'A Redis of yours. Without it Errand starts a private one in its data folder.',
    example: 'rediss://errand:password@redis.example.com:6379',
    mayHoldPassword: true,
    holders: storeUsers,
  }),
  dockerHost: setting('DOCKER_HOST', 'docker.host', kinds.dockerHost, {
    meaning: 'The Docker engine.',
    default: 'the default socket',
    example: 'unix:///var/run/docker.sock',
    holders: ['broker'],
  }),
  sandboxRuntime: setting('ERRAND_SANDBOX_RUNTIME', 'sandbox.runtime', kinds.oneOf(...runtimeWishes), {
    meaning:
      'Whether sandboxes run on gVisor, which puts a kernel of its own between an agent and the host’s: `auto` where the engine has `runsc`, `runc` never, `runsc` always or not at all.',
    default: 'auto',
    example: 'runsc',
    holders: ['broker'],
  }),
  anthropicKey: setting('ANTHROPIC_API_KEY', 'providers.anthropic.key', kinds.secret, {
    meaning: 'The key that the gateway holds for Claude; no sandbox ever sees it.',
    example: 'sk-ant-…',
    holders: gateway,
  }),
  anthropicUrl: setting('ANTHROPIC_BASE_URL', 'providers.anthropic.baseUrl', kinds.url, {
    meaning: 'Where the gateway forwards Anthropic’s API to.',
    default: 'https://api.anthropic.com',
    example: 'https://llm.example.com',
  }),
  openaiKey: setting('OPENAI_API_KEY', 'providers.openai.key', kinds.secret, {
    meaning: 'The key that the gateway holds for OpenAI; no sandbox ever sees it.',
    example: 'sk-…',
    holders: gateway,
  }),
  openaiUrl: setting('OPENAI_BASE_URL', 'providers.openai.baseUrl', kinds.url, {
    meaning: 'Where the gateway forwards OpenAI’s API to; ends in /v1 as their own programs read it.',
    default: 'https://api.openai.com/v1',
    example: 'https://llm.example.com/v1',
  }),
  readyProviders: setting('ERRAND_PROVIDERS', 'readyProviders', kinds.names, {
    meaning: 'Names of providers whose keys another process holds: for a bot that runs apart from its workers.',
    default: 'those whose keys are given here',
    example: 'anthropic,openai',
  }),
  repositories: setting('ERRAND_REPOSITORIES', 'repositories', kinds.repositories, {
    meaning: 'The repositories that Errand may work on, beside those that the YAML file describes.',
    default: 'with a GitHub App, those it is installed on',
    example: 'acme/shop,acme/website',
  }),
  requesters: setting('ERRAND_REQUESTERS', 'requesters', kinds.people, {
    meaning: 'Who may ask. Never guests, bots, or people of other workspaces.',
    default: 'every full member of the workspace',
    example: 'U024BE7LH,S0614TZR7',
  }),
  approvers: setting('ERRAND_APPROVERS', 'approvers', kinds.people, {
    meaning: 'Who may approve a merge.',
    default: 'every full member of the workspace',
    example: 'U024BE7LH,S0614TZR7',
  }),
  onlyChannels: setting('ERRAND_CHANNELS', 'onlyChannels', kinds.channels, {
    meaning: 'The channels that Errand works in; `direct` stands for direct messages.',
    default: 'every channel it is in that this workspace alone reads, and direct messages',
    example: 'C024BE91L,direct',
    holders: storeUsers,
  }),
  selfApproval: setting('ERRAND_SELF_APPROVAL', 'selfApproval', kinds.yesOrNo, {
    meaning: 'Whether somebody may approve what they asked for.',
    default: 'false',
    example: 'true',
  }),
  role: setting('ERRAND_ROLE', 'role', kinds.oneOf('all', 'bot', 'worker'), {
    meaning: 'What this process is: everything on one machine, or one of the two services.',
    default: 'all',
    example: 'worker',
  }),
  dataDir: setting('ERRAND_DATA_DIR', 'dataDir', kinds.text, {
    meaning: 'Where the store, mirrors and workspaces lie.',
    default: '.errand in the project’s folder',
    example: '/var/lib/errand',
  }),
  concurrency: setting('ERRAND_CONCURRENCY', 'limits.concurrency', kinds.wholeNumber(1, 64), {
    meaning: 'How many runs one worker has at once.',
    default: 'the number of cores, at most 4, and no more than memory has room for',
    example: '4',
  }),
  hostAwayMinutes: setting('ERRAND_HOST_AWAY_MINUTES', 'limits.hostAwayMinutes', kinds.amount(0.1, 1_440), {
    meaning:
      'How long a machine whose worker was ended in order is waited for, by its runs too: a deploy must be through by then. One that falls silent without a word is lost after less than a minute.',
    default: '10',
    example: '30',
    holders: worker,
  }),
  runMinutes: setting(null, 'limits.runMinutes', kinds.amount(0.1, 1_440), {
    meaning: 'Minutes of wall time after which a run is ended; what it did so far is kept.',
    default: '30',
    example: '60',
  }),
  taskMinutes: setting(null, 'limits.taskMinutes', kinds.minutes, {
    meaning: 'Minutes of wall time that all runs of a task may take together; `none` for no limit.',
    default: '240',
    example: '480',
  }),
  budgetUsd: setting(null, 'limits.budgetUsd', kinds.dollars, {
    meaning: 'US dollars that a task may spend on models, all its runs together; `none` for no limit.',
    default: '5',
    example: '2.50',
  }),
  maxBudgetUsd: setting(null, 'limits.maxBudgetUsd', kinds.dollars, {
    meaning: 'The most US dollars that a request may ask for with `budget:`; `none` for no limit.',
    default: 'what `limits.budgetUsd` says',
    example: '20',
  }),
  budgetTokens: setting(null, 'limits.budgetTokens', kinds.tokens, {
    meaning:
      'Tokens, read and written, that a task may use, all its runs together; `none` for no limit. It also holds models without a known price.',
    default: '20M',
    example: '50M',
  }),
  personDayUsd: setting(null, 'limits.personDayUsd', kinds.dollars, {
    meaning: 'US dollars that the tasks of one person may spend in a day; `none` for no limit.',
    default: '50',
    example: '25',
  }),
  personDayTokens: setting(null, 'limits.personDayTokens', kinds.tokens, {
    meaning: 'Tokens that the tasks of one person may use in a day; `none` for no limit.',
    default: '200M',
    example: '100M',
  }),
  dayUsd: setting(null, 'limits.dayUsd', kinds.dollars, {
    meaning: 'US dollars that all tasks together may spend in a day; `none` for no limit.',
    default: '200',
    example: '100',
  }),
  dayTokens: setting(null, 'limits.dayTokens', kinds.tokens, {
    meaning: 'Tokens that all tasks together may use in a day; `none` for no limit.',
    default: '800M',
    example: '400M',
  }),
  timeZone: setting(null, 'limits.timeZone', kinds.timeZone, {
    meaning: 'Whose midnight begins the day that daily limits count.',
    default: 'UTC',
    example: 'Europe/Berlin',
  }),
  personRequests: setting(null, 'limits.personRequests', kinds.count, {
    meaning: 'Requests, replies to tasks among them, that one person may send in ten minutes; `none` for no limit.',
    default: '30',
    example: '60',
    holders: bot,
  }),
  channelRequests: setting(null, 'limits.channelRequests', kinds.count, {
    meaning: 'The same out of one channel.',
    default: '120',
    example: '300',
    holders: bot,
  }),
  personTasks: setting(null, 'limits.personTasks', kinds.count, {
    meaning: 'Tasks of one person that may be queued or running at once; `none` for no limit.',
    default: '20',
    example: '50',
    holders: bot,
  }),
  queuedTasks: setting(null, 'limits.queuedTasks', kinds.count, {
    meaning: 'Tasks that may wait for a worker, everybody’s together; `none` for no limit.',
    default: '200',
    example: '1000',
    holders: bot,
  }),
  personRuns: setting(null, 'limits.personRuns', kinds.count, {
    meaning: 'Runs of one person’s tasks that may be under way at once, on all workers together; `none` for no limit.',
    default: '10',
    example: '4',
    holders: storeUsers,
  }),
  channelRuns: setting(null, 'limits.channelRuns', kinds.count, {
    meaning: 'The same of the tasks that began in one channel; `channels.<id>.runs` says otherwise for one.',
    default: '40',
    example: '10',
    holders: storeUsers,
  }),
  repositoryRuns: setting(null, 'limits.repositoryRuns', kinds.count, {
    meaning: 'The same of the tasks in one repository; `repositories.<name>.runs` says otherwise for one.',
    default: '20',
    example: '5',
    holders: storeUsers,
  }),
  history: setting(null, 'limits.history', kinds.size('1MiB'), {
    meaning: 'The most that one fetch of a repository may bring, all of its history the first time.',
    default: '20GiB',
    example: '50GiB',
    holders: worker,
  }),
  memory: setting(null, 'limits.memory', kinds.size('128MiB'), {
    meaning: 'Memory of one sandbox.',
    default: '4GiB, at most a quarter of the machine’s',
    example: '2GiB',
  }),
  cpus: setting(null, 'limits.cpus', kinds.amount(0.1, 64), {
    meaning: 'Processor cores of one sandbox.',
    default: '2, at most what the machine has',
    example: '1.5',
  }),
  pids: setting(null, 'limits.pids', kinds.wholeNumber(32, 32_768), {
    meaning: 'Processes and threads of one sandbox.',
    default: '512',
    example: '1024',
  }),
  workspace: setting(null, 'limits.workspace', kinds.size('64MiB'), {
    meaning: 'Disk of one task: checkout, dependencies, the agent’s own state.',
    default: '8GiB',
    example: '20GiB',
  }),
  freeDisk: setting(null, 'limits.freeDisk', kinds.size('0MiB'), {
    meaning:
      'Disk that has to be free, for the data folder and for Docker, before a run starts; runs wait for it, and their threads say so.',
    default: '5GiB',
    example: '20GiB',
  }),
  quietMinutes: setting(null, 'limits.quietMinutes', kinds.minutes, {
    meaning:
      'Minutes after which a run is ended in which nothing moves: no output, no tokens, hardly any processor time; what it did so far is kept. `none` for no limit.',
    default: '15',
    example: '30',
    holders: worker,
  }),
  emojiApprove: setting(null, 'emoji.approve', kinds.text, {
    meaning: 'The reaction that approves the commit which its message shows.',
    default: 'white_check_mark',
    example: 'ship',
  }),
  emojiStop: setting(null, 'emoji.stop', kinds.text, {
    meaning: 'The reaction that stops a task.',
    default: 'octagonal_sign',
    example: 'no_entry',
  }),
  emojiRetry: setting(null, 'emoji.retry', kinds.text, {
    meaning: 'The reaction that runs a task again.',
    default: 'repeat',
    example: 'recycle',
  }),
  emojiStart: setting(null, 'emoji.start', kinds.text, {
    meaning: 'The reaction that starts a task from the message it is put on.',
    default: 'robot_face',
    example: 'hammer',
  }),
  httpProxy: setting('HTTP_PROXY', 'outbound.httpProxy', kinds.url, {
    meaning: 'The proxy for outward http calls.',
    mayHoldPassword: true,
    example: 'http://proxy.example.com:3128',
    also: ['http_proxy'],
  }),
  httpsProxy: setting('HTTPS_PROXY', 'outbound.httpsProxy', kinds.url, {
    meaning: 'The proxy for outward https calls.',
    mayHoldPassword: true,
    example: 'http://proxy.example.com:3128',
    also: ['https_proxy'],
  }),
  noProxy: setting('NO_PROXY', 'outbound.noProxy', kinds.names, {
    meaning: 'Hosts that are called without the proxy.',
    example: 'localhost,.example.com',
    also: ['no_proxy'],
  }),
  caFile: setting('NODE_EXTRA_CA_CERTS', 'outbound.caFile', kinds.text, {
    meaning: 'Certificate authorities to trust beside the host’s own, as a PEM file.',
    example: '/etc/ssl/company.pem',
    also: ['SSL_CERT_FILE'],
  }),
  keepTasksDays: setting('ERRAND_KEEP_TASKS_DAYS', 'keepTasksDays', kinds.days, {
    meaning:
      'How long a task is remembered that needs nobody any more; after that a reply in its thread starts nothing. `none` for ever.',
    default: '180',
    example: '30',
    holders: worker,
  }),
  operatePort: setting('ERRAND_OPERATE_PORT', 'operate.port', kinds.wholeNumber(1_024, 65_534), {
    meaning:
      'Where metrics, health and the queue board are served: by a bot or a worker alone on this port, by both on one machine on it (the bot) and the next (the worker).',
    default: 'nowhere',
    example: '9464',
    holders: storeUsers,
  }),
  operateHost: setting('ERRAND_OPERATE_HOST', 'operate.host', kinds.text, {
    meaning: 'The address to serve them on; metrics and health ask nobody who they are.',
    default: '127.0.0.1',
    example: '0.0.0.0',
    holders: storeUsers,
  }),
  boardPassword: setting('ERRAND_BOARD_PASSWORD', 'operate.boardPassword', kinds.secret, {
    meaning: 'The password of the queue board, twelve characters or more. Without it there is no board.',
    example: 'a long one',
    holders: bot,
  }),
  logLevel: setting(
    'LOG_LEVEL',
    'logLevel',
    kinds.oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
    {
      meaning: 'How much is logged.',
      default: 'info',
      example: 'debug',
    },
  ),
  configFile: setting('ERRAND_CONFIG', 'configFile', kinds.text, {
    meaning: 'A YAML file that can say all of this and more.',
    example: '/etc/errand/errand.yml',
  }),
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof settings;
export type Values = { [Name in SettingName]?: (typeof settings)[Name] extends Setting<infer Value> ? Value : never };

/** Every setting under its own name, in the order in which they are best explained. */
export const settingList: readonly (readonly [SettingName, Setting])[] = Object.entries(settings) as [
  SettingName,
  Setting,
][];
