import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { faultSchema } from '../../src/local/forge/faults.ts';
import { readAppManifest } from '../../src/local/slack/app-manifest.ts';
import { Fault } from '../../src/local/slack/faults.ts';
import { seed } from '../../src/local/slack/workspace.ts';
import { callTool, editFile, failWith, type Handler, plan, runCommand, say, type Turn } from '../fakes/model-server.ts';
import type { ErrandUnderTest } from '../support/errand.ts';
import { sendForm } from './forms.ts';

const person = z.enum(['ada', 'grace', 'max', 'guest']);
const text = z.string();
/** Which of the journey's repositories is meant: a key of `also`; its first without. */
const where = { in: text.optional() };

/** What is attached to a message, by name: its text, or how large it is. */
const files = z.record(text, z.union([text, z.strictObject({ bytes: z.int() })])).default({});

/** One step of a journey: what a person does in Slack or on GitHub, or what everybody waits for. */
const step = z.union([
  z.strictObject({ command: text, by: person.default('ada'), channel: text.default('dev') }),
  /** Slack's own Stop. */
  z.strictObject({ stop_session: z.literal(true), by: person.default('ada') }),
  /** A channel of this journey's own; `errand` says whether the bot is in it. */
  z.strictObject({ open_channel: text, private: z.boolean().default(false), errand: z.boolean().default(true) }),
  z.strictObject({ archive: text }),
  z.strictObject({ reply: text, by: person.default('ada'), files }),
  z.strictObject({ says: text, by: person.default('ada'), channel: text.default('dev'), files }),
  z.strictObject({ react: text, on: text, by: person.default('grace') }),
  z.strictObject({ unreact: text, on: text, by: person.default('grace') }),
  z.strictObject({ press: text, on: text, by: person.default('ada') }),
  z.strictObject({ choose: text, on: text, by: person.default('ada') }),
  /** A shortcut by its name: on the message with these words, else from the compose box. */
  z.strictObject({ shortcut: text, on: text.optional(), by: person.default('ada') }),
  /** Fills in the form that this person has open, by block, and sends it. */
  z.strictObject({ form: z.record(text, text), by: person.default('ada') }),
  z.strictObject({ until: text, times: z.number().int().default(1) }),
  /** What the model server has been asked in this journey, each time: parts of the path, the model, headers by their value's beginning. */
  z.strictObject({
    model_heard: z.strictObject({
      path: text.optional(),
      model: text.optional(),
      headers: z.record(text, text).default({}),
    }),
  }),
  /** The tools that the MCP server was asked for in this journey, and no others. */
  z.strictObject({ mcp_called: z.array(text) }),
  z.strictObject({ push: z.record(text, text.nullable()), branch: text.default('task'), ...where }),
  z.strictObject({ release: z.literal(true) }),
  z.strictObject({ close_pull: z.literal(true), ...where }),
  z.strictObject({ merge_pull: z.literal(true), ...where }),
  z.strictObject({ rules: z.record(text, z.unknown()), for: text.default('main'), ...where }),
  z.strictObject({ repository: z.record(text, z.unknown()) }),
  z.strictObject({ describe: z.strictObject({ from: text, to: text }) }),
  z.strictObject({ app: z.record(text, z.unknown()).nullable() }),
  z.strictObject({ check: text, conclusion: text.nullable(), ...where }),
  z.strictObject({ forge_fault: z.record(text, z.unknown()) }),
  z.strictObject({ slack_fault: z.record(text, z.unknown()) }),
]);

const stepStatus = z.enum(['pending', 'in_progress', 'completed']);

/** What the model answers, turn by turn; `wait` holds a turn back until a step of the journey says `release`. */
const turn = z.union([
  z.strictObject({ say: text, wait: z.boolean().default(false) }),
  z.strictObject({ run: text, tokens: z.number().int().default(100), wait: z.boolean().default(false) }),
  z.strictObject({ write: text, content: text, wait: z.boolean().default(false) }),
  z.strictObject({ call: text, with: z.record(text, z.unknown()), wait: z.boolean().default(false) }),
  z.strictObject({ plan: z.array(z.tuple([text, stepStatus])), wait: z.boolean().default(false) }),
  z.strictObject({ status: z.number().int(), message: text, times: z.number().int().default(1) }),
]);

const journey = z.strictObject({
  about: text,
  /** Another name of the command; it is then played against an Errand of its own. */
  command: text.default('/agent'),
  /** More of the configuration file; with any, it is played against an Errand of its own as well. */
  config: z.record(text, z.unknown()).default({}),
  /** How Errand stands with GitHub: by a person's token, with a key to sign with or without; or as an app on an Enterprise Server. */
  as: z.enum(['token', 'signing', 'app']).default('token'),
  model: z.array(turn).default([]),
  /** Files of the repository; none makes it empty, absent takes a small one. */
  files: z.record(text, text).nullable().default({ 'README.md': '# A small project\n' }),
  /** Further repositories, `acme/<journey>-<key>`, by what follows the journey's name; `{key}` in a text is their full name. */
  also: z.record(text, z.record(text, text)).default({}),
  /** Shows how the task stood in Slack's own list, one state after the other. */
  sessions: z.boolean().default(false),
  steps: z.array(step).min(1),
});

export type Journey = z.output<typeof journey>;
type Step = Journey['steps'][number];

export function readJourney(file: string): Journey {
  return journey.parse(parse(readFileSync(file, 'utf8')));
}

/** All that a journey works on, its first repository first. */
export function repositoriesOf(name: string, { also }: Journey): string[] {
  return [`acme/${name}`, ...Object.keys(also).map((key) => `acme/${name}-${key}`)];
}

/** Plays a journey in its own repository `acme/<name>` and gives what people then see: the thread, and the forge's state. */
export async function play(
  errand: ErrandUnderTest,
  name: string,
  steps: Journey,
): Promise<{ thread: string; forge: string }> {
  const repository = `acme/${name}`;
  await errand.forge.control.createRepository({
    repository,
    ...(steps.files === null ? {} : { files: steps.files }),
  });
  for (const [key, files] of Object.entries(steps.also)) {
    await errand.forge.control.createRepository({ repository: `${repository}-${key}`, files });
  }
  // A form that an earlier journey left open would be taken for this one's.
  for (const { user, view } of errand.slack.store.views) {
    await errand.slack.interactions.close({ user, view_id: view.id, all: true });
  }
  const stage = new Stage(errand, repository, steps);
  errand.model.script(steps.model.flatMap((each) => stage.toTurns(each)));
  for (const each of steps.steps) await stage.perform(each);
  await errand.quiet();
  const asApp = steps.as === 'app' ? await stage.renderApp() : '';
  const sessions = steps.sessions ? stage.renderSessions() : '';
  return { thread: tidy(stage.render() + sessions), forge: tidy(`${await stage.renderForge()}${asApp}`) };
}

class Stage {
  readonly #errand: ErrandUnderTest;
  readonly #repository: string;
  readonly #also: readonly string[];
  readonly #from: number;
  readonly #shownBefore: ReadonlySet<string>;
  readonly #before: number;
  readonly #asked: number;
  readonly #toolCalls: number;
  #channel: string = seed.dev;

  readonly #command: string;

  constructor(errand: ErrandUnderTest, repository: string, { also, command }: Journey) {
    this.#errand = errand;
    this.#command = command;
    this.#repository = repository;
    this.#also = Object.keys(also);
    this.#before = errand.forge.control.ledger().at(-1)?.n ?? 0;
    this.#from = errand.slack.store.workspace.messages.length;
    this.#shownBefore = new Set(errand.slack.store.ephemerals.map(({ ts }) => ts));
    this.#asked = errand.model.requests.length;
    this.#toolCalls = errand.mcp.called.length;
  }

  readonly #held: (() => void)[] = [];
  #released = 0;

  toTurns(each: z.output<typeof turn>): (Turn | Handler)[] {
    if ('status' in each)
      return Array.from({ length: each.times }, () =>
        failWith(each.status, { body: { type: 'error', error: { type: 'api_error', message: each.message } } }),
      );
    const reply =
      'say' in each
        ? say(each.say)
        : 'run' in each
          ? { ...runCommand(each.run), usage: { input: each.tokens } }
          : 'call' in each
            ? callTool(each.call, each.with)
            : 'plan' in each
              ? plan(each.plan)
              : editFile(each.write, each.content);
    if (!each.wait) return [reply];
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held.push(resolve);
    return [() => promise.then(() => reply)];
  }

  async perform(step: Step): Promise<void> {
    const { slack, forge } = this.#errand;
    const repository = 'in' in step && step.in !== undefined ? `${this.#repository}-${step.in}` : this.#repository;
    if ('command' in step) {
      this.#channel = channelOf(step.channel);
      const order = {
        user: seed[step.by],
        channel: this.#channel,
        command: this.#command,
        text: this.#fill(step.command),
      };
      await slack.people.command(order);
    } else if ('says' in step) {
      this.#channel = channelOf(step.channel);
      const files = await this.#upload(seed[step.by], step.files);
      slack.people.message({ user: seed[step.by], channel: this.#channel, text: this.#fill(step.says), files });
    } else if ('stop_session' in step) {
      const thread_ts = this.#root()?.ts ?? '';
      slack.people.stopSession({ user: seed[step.by], channel: this.#channel, thread_ts });
    } else if ('archive' in step) {
      const channel = slack.store.channel(channelOf(step.archive));
      if (channel !== undefined) slack.store.archive(channel, true);
    } else if ('open_channel' in step) {
      const { ada, grace, bot } = seed;
      slack.store.workspace.channels.push({
        id: channelOf(step.open_channel),
        name: step.open_channel,
        topic: '',
        created: 0,
        is_private: step.private,
        is_im: false,
        is_archived: false,
        is_ext_shared: false,
        members: step.errand ? [ada, grace, bot] : [ada, grace],
      });
    } else if ('reply' in step) {
      const thread_ts = this.#root()?.ts;
      const files = await this.#upload(seed[step.by], step.files);
      const order = { user: seed[step.by], channel: this.#channel, thread_ts, files };
      slack.people.message({ ...order, text: this.#fill(step.reply) });
    } else if ('react' in step) {
      const { ts } = this.#find(step.on);
      slack.people.reaction({ user: seed[step.by], channel: this.#channel, ts, name: step.react, present: true });
    } else if ('unreact' in step) {
      const { ts } = this.#find(step.on);
      slack.people.reaction({ user: seed[step.by], channel: this.#channel, ts, name: step.unreact, present: false });
    } else if ('press' in step) {
      const message = this.#find(step.on);
      const action_id = actionOf(message.blocks ?? [], step.press);
      await slack.interactions.action({ user: seed[step.by], channel: message.channel, ts: message.ts, action_id });
    } else if ('choose' in step) {
      const { blocks = [], channel, ts } = this.#find(step.on);
      const action_id = actionOf(blocks, 'Choose a repository');
      const value = this.#fill(step.choose);
      const at = { user: seed[step.by], channel, ts, action_id, value };
      if (JSON.stringify(blocks).includes('external_select')) await slack.interactions.suggest(at);
      await slack.interactions.action(at);
    } else if ('shortcut' in step) {
      const { shortcuts } = readAppManifest(this.#command);
      const callback_id = shortcuts.find(({ name }) => name === step.shortcut)?.callbackId ?? step.shortcut;
      const at = step.on === undefined ? {} : { channel: this.#channel, ts: this.#find(step.on).ts };
      await slack.interactions.shortcut({ user: seed[step.by], callback_id, ...at });
    } else if ('form' in step) {
      const user = seed[step.by];
      const entries = Object.entries(step.form).map(([name, value]) => {
        return [name, name === 'channel' ? channelOf(value) : this.#fill(value)] as const;
      });
      this.#forms.push(await sendForm(this.#errand, user, Object.fromEntries(entries)));
    } else if ('until' in step) {
      const wanted = this.#fill(step.until);
      const found = () => this.render().split(wanted).length - 1 >= step.times;
      await this.#errand.until(`“${wanted}” in\n${this.render()}`, found, 45_000).catch((error: unknown) => {
        throw new Error(`${String(error)}\n\nThe thread:\n${this.render()}`);
      });
    } else if ('model_heard' in step) {
      this.#checkModel(step.model_heard);
    } else if ('mcp_called' in step) {
      const called = this.#errand.mcp.called.slice(this.#toolCalls).map(({ name }) => name);
      if (called.join() !== step.mcp_called.join())
        throw new Error(`The MCP server was asked for ${called.join() || 'nothing'}`);
    } else if ('push' in step) {
      const named = step.branch === 'base' ? 'main' : step.branch;
      const branch = named === 'task' ? await this.#taskBranch(repository) : named;
      await forge.control.commit({ repository, branch, files: step.push, message: 'Change by hand' });
    } else if ('close_pull' in step) await forge.control.closePull(repository, 1, 'dana');
    else if ('merge_pull' in step) await forge.control.mergePull(repository, 1, { by: 'dana', method: 'merge' });
    else if ('release' in step) this.#held[this.#released++]?.();
    else if ('rules' in step) await forge.control.setRules(repository, step.for, step.rules);
    else if ('repository' in step) await forge.control.setRepository(repository, step.repository);
    else if ('describe' in step) {
      const { pull } = await forge.control.viewPull(repository, 1);
      await forge.control.setPull(repository, 1, {
        body: String(pull.body).replace(step.describe.from, step.describe.to),
      });
    } else if ('app' in step) {
      await forge.control.installApp(this.#errand.app?.id ?? 0, 'acme', step.app);
    } else if ('check' in step) {
      const sha = await forge.control.branchHead(repository, await this.#taskBranch(repository));
      if (sha === undefined) throw new Error('no task branch');
      await forge.control.setCheck({ repository, sha, name: step.check, conclusion: step.conclusion });
    } else if ('forge_fault' in step) {
      forge.control.fault(faultSchema.parse(JSON.parse(this.#fill(JSON.stringify(step.forge_fault)))));
    } else slack.faults.add(Fault.parse(step.slack_fault));
  }

  /** Everything said since the journey began: each root with its thread, then what only one person saw. */
  render(): string {
    const { slack } = this.#errand;
    const own = slack.store.workspace.messages.slice(this.#from);
    const roots = own.filter(({ thread_ts, ts }) => thread_ts === undefined || thread_ts === ts);
    const threads = roots.map(({ channel, ts }) => slack.thread(channel, ts));
    const shown = slack.store.ephemerals.filter(
      (each) => each.thread_ts === undefined && Number(each.ts) >= Number(own[0]?.ts ?? this.#since),
    );
    const asides = shown.map((each) => `Only to ${nameOf(each.user)}: ${each.text}\n`);
    return [...this.#forms.map((form) => `${form}\n`), ...threads, ...asides].join('\n');
  }

  readonly #forms: string[] = [];

  /** The states that Slack was told, in this journey's channel. */
  renderSessions(): string {
    const roots = new Set(this.#errand.slack.store.workspace.messages.slice(this.#from).map(({ ts }) => ts));
    const told = this.#errand.slack.store.ledger.flatMap(({ method, args }) =>
      method === 'agents.sessions.setStatus' && roots.has(String(args.thread_ts)) ? [String(args.status)] : [],
    );
    return `\nIn Slack's own list: ${told.join(', ')}\n`;
  }

  #upload(user: string, files: Readonly<Record<string, string | { bytes: number }>>): Promise<string[]> {
    return Promise.all(
      Object.entries(files).map(async ([name, content]) => {
        const bytes = typeof content === 'string' ? Buffer.from(content) : Buffer.alloc(content.bytes, '.');
        return (await this.#errand.slack.people.upload({ user, name, bytes })).id;
      }),
    );
  }

  readonly #since = Date.now() / 1000;

  #checkModel({
    path = '',
    model,
    headers,
  }: {
    path?: string | undefined;
    model?: string | undefined;
    headers: Record<string, string>;
  }): void {
    const calls = this.#errand.model.requests.slice(this.#asked).filter(({ call }) => (call?.tools.length ?? 0) > 0);
    if (calls.length === 0) throw new Error('The model was asked nothing');
    for (const { path: at, call, headers: sent } of calls) {
      const wrong = Object.entries(headers).filter(([name, begin]) => sent[name]?.startsWith(begin) !== true);
      if (at.includes(path) && call?.model === (model ?? call?.model) && wrong.length === 0) continue;
      throw new Error(`The model heard ${at} for ${call?.model} with ${JSON.stringify(sent)}`);
    }
  }

  /** The repository's branches, and each pull request as a reviewer sees it. */
  async renderForge(): Promise<string> {
    const own = await this.#renderRepository(this.#repository);
    const others = this.#also.map(async (key) => {
      const repository = `${this.#repository}-${key}`;
      return `In ${repository}:\n\n${await this.#renderRepository(repository)}`;
    });
    return [own, ...(await Promise.all(others))].join('\n');
  }

  async #renderRepository(repository: string): Promise<string> {
    const { control } = this.#errand.forge;
    const state = await control.viewState();
    const found = state.repositories.find(({ name }) => name === repository);
    // Ids are random, so the order is that of what stands beside them.
    const bare = (name: string) => name.replace(/\/t[0-9a-z]{6}/, '/');
    const sorted = found?.branches.toSorted((one, other) => bare(one.name).localeCompare(bare(other.name)));
    const branches = sorted?.map(({ name, sha }) => `branch ${name} ${sha}`) ?? [];
    const pulls = await Promise.all(
      (found?.pulls ?? []).map(async (pull) => {
        const { diff, commits, pull: shown } = await control.viewPull(repository, pull.number);
        const made = commits.map(({ sha, message, author }) => `commit ${sha} by ${author}\n${indented(message)}`);
        return [
          `pull request ${pull.number}, ${pull.state}: ${pull.title}`,
          `${pull.head} → ${pull.base}`,
          String(shown.body ?? ''),
          ...made,
          diff,
        ].join('\n\n');
      }),
    );
    const runs = control
      .ledger()
      .flatMap(({ kind, what, after, ...each }) =>
        kind === 'run' && each.repository === repository ? [`ran ${what} on ${after}`] : [],
      );
    const ran = runs.length === 0 ? [] : [runs.join('\n')];
    return `${[branches.join('\n'), ...ran, ...pulls].join('\n\n')}\n`;
  }

  /** What the app wrote, as whom it commits, and what is left of its tokens. */
  async renderApp(): Promise<string> {
    const { control } = this.#errand.forge;
    // Work ends a moment after the last of it was told.
    while (control.liveTokens('contents', 'write') > 0) await delay(50);
    const own = control.ledger().filter(({ repository }) => repository === this.#repository);
    const wrote = own.filter(({ by }) => by !== 'dana').map(({ by, what }) => `${by} ${what}`);
    const revoked = control.ledger().some(({ n, what }) => n > this.#before && what === 'DELETE /installation/token');
    const state = await control.viewState();
    const pulls = state.repositories.find(({ name }) => name === this.#repository)?.pulls ?? [];
    const views = await Promise.all(pulls.map(({ number }) => control.viewPull(this.#repository, number)));
    const authors = views.flatMap(({ commits }) => commits.map(({ author, email }) => `${author} <${email}>`));
    return [
      '',
      ...[...new Set(wrote)].map((each) => `written: ${each}`),
      ...[...new Set(authors)].map((each) => `author: ${each}`),
      `tokens revoked: ${revoked ? 'yes' : 'none was made'}; that may still write: none`,
      '',
    ].join('\n');
  }

  #root() {
    const own = this.#errand.slack.store.workspace.messages.slice(this.#from);
    return own.findLast(({ thread_ts, ts }) => thread_ts === undefined || thread_ts === ts);
  }

  #find(words: string) {
    const { store } = this.#errand.slack;
    const shown = store.ephemerals.filter(({ ts }) => !this.#shownBefore.has(ts));
    const all = [...store.workspace.messages.slice(this.#from), ...shown];
    const found = all.findLast((message) => JSON.stringify([message.text, message.blocks]).includes(this.#fill(words)));
    if (found === undefined) throw new Error(`No message says “${words}”:\n${this.render()}`);
    return found;
  }

  async #taskBranch(repository: string): Promise<string> {
    const state = await this.#errand.forge.control.viewState();
    const branches = state.repositories.find(({ name }) => name === repository)?.branches ?? [];
    const branch = branches.find(({ name }) => name.startsWith('errand/'));
    if (branch === undefined) throw new Error('No branch was pushed yet');
    return branch.name;
  }

  #fill(words: string): string {
    const task = /\bt[0-9a-hjkmnp-tv-z]{6}\b/.exec(this.render())?.[0] ?? 't000000';
    return words
      .replaceAll('{repo}', this.#repository)
      .replaceAll(/\{(\w+)\}/g, (whole, key) => (this.#also.includes(key) ? `${this.#repository}-${key}` : whole))
      .replaceAll('{task}', task)
      .replaceAll('{bot}', `<@${seed.bot}>`);
  }
}

function indented(text: string): string {
  return text.trimEnd().replace(/^(?=.)/gm, '    ');
}

function channelOf(name: string): string {
  const ids: Readonly<Record<string, string>> = seed;
  return ids[name] ?? `C0${name.replaceAll(/[^a-z]/g, '').toUpperCase()}`;
}

function nameOf(id: string): string {
  return Object.entries(seed).find(([, value]) => value === id)?.[0] ?? id;
}

/** The action id of the button or menu entry with this label. */
function actionOf(blocks: readonly unknown[], label: string): string {
  const stack: unknown[] = [...blocks];
  for (let each = stack.pop(); each !== undefined; each = stack.pop()) {
    if (typeof each !== 'object' || each === null) continue;
    if ('action_id' in each && typeof each.action_id === 'string' && JSON.stringify(each).includes(`"${label}"`))
      return each.action_id;
    stack.push(...Object.values(each));
  }
  throw new Error(`No button “${label}” in ${JSON.stringify(blocks)}`);
}

/** Replaces what differs from run to run: ids by their order, times, ports. */
function tidy(rendered: string): string {
  const names = new Map<string, string>();
  const numbered = (prefix: string, value: string) => {
    const known = names.get(`${prefix}${value}`);
    if (known !== undefined) return known;
    const count = [...names.keys()].filter((key) => key.startsWith(prefix)).length + 1;
    names.set(`${prefix}${value}`, `<${prefix} ${count}>`);
    return `<${prefix} ${count}>`;
  };
  return (
    rendered
      .replace(/(?<=\btask `?|errand\/|new one: |branch `errand\/)t[0-9a-hjkmnp-tv-z]{6}\b/gi, (id) =>
        numbered('task', id),
      )
      .replace(/\b[0-9a-f]{40}\b/g, (sha) => numbered('commit', sha.slice(0, 7)))
      .replace(/(?<=[Cc]ommit `?|\bas |\bat `|\band `|: `|index |\.\.)[0-9a-f]{7}\b/g, (sha) => numbered('commit', sha))
      .replace(/acme\/[a-z-]+(?:, acme\/[a-z-]+)+ and \d+ more/g, '<repositories>')
      .replace(/127\.0\.0\.1:\d+/g, '<host>')
      .replace(/\b\d+(?:\.\d+)? (?:s|ms|sec|seconds|min)\b/g, '<time>')
      // Agents call home now and then.
      .replace(/\n *\(Not on the allowlist[^\n]*\)/g, '')
      .replace(/[\d.]+[kM]? tokens in, [\d.]+[kM]? out/g, '<n> tokens in, <n> out')
      .replace(/[\d.]+[kM]?(?= of [\d.]+[kM]? tokens)|(?<! of )\b[\d.]+[kM]?(?= tokens)/g, '<n>')
      .replace(/\([\d.]+[kM]?(?= of [\d.]+[kM]?\))/g, '(<n>')
      .replace(/\$\d+\.\d\d/g, '$<cost>')
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<date>')
      .replace(/(?<=\bDay )\d{4}-\d\d-\d\d/g, '<day>')
      .replace(/\b\d\d:\d\d UTC\b/g, '<clock>')
      .replace(/<!date\^\d+/g, '<!date^<date>')
      .replace(/\/archives\/(\w+)\/p\d+/g, '/archives/$1/p<ts>')
  );
}
