import type { Button, KnownBlock } from '@slack/types';
import type { Gate, Said, TaskLine } from '../../task/said.ts';
import type { Report } from '../../task/task.ts';
import { defang } from '../links.ts';
import { cut, escapeAgent, escapeAgentText, escapeExceptPeople, escapeWithin, oneLine } from '../plain.ts';
import { claimOf } from './claim.ts';
import {
  actionIds,
  actions,
  bullets,
  changeSize,
  code,
  context,
  dotted,
  effort,
  measured,
  mrkdwn,
  pathCode,
  person,
  type Rendered,
  section,
  shortSha,
  titleOf,
  type Wording,
} from './parts.ts';

type Result = Extract<Said, { type: 'result' }>;

/** A summary is read in a thread: the rest is on the pull request. */
const maxClaimLength = 1200;
/** Each kind is named, however many paths of another there are. */
const maxPathsOfKind = 4;
const maxKinds = 12;

/** What a run made, and the gate: whoever approves this message approves the commit it names. */
export function renderResult(said: Result, wording: Wording): Rendered {
  const { task, report } = said;
  const open = said.gate.type === 'open' || said.gate.type === 'refused';
  const head = `${headWord(said.gate)} · ${numberOf(said)}`;
  const facts = dotted(
    said.part.repository,
    report === null ? null : changeSize(report),
    `commit ${shortSha(said.head)}`,
  );
  const claim = claimOf(task, report?.claim ?? '', {
    heading: '**What changed** (*claimed* by the agent)',
    limit: maxClaimLength,
    hosts: wording.linkHosts,
  });
  const checks = report === null ? [unmeasured(said)] : measured(report.checks);
  const sensitive = report === null ? [] : sensitiveLines(report);
  const isMeasured = report !== null && report.checks.length > 0;
  const origin = report === null ? null : dotted(effort(task, report), authorship(task));
  const others = untouched(said);
  const gate = gateLine(said, wording);
  const ci = ciLine(said);
  const blocks: KnownBlock[] = [
    section(`${person(task.requester)} *${head}*`),
    {
      type: 'card',
      title: mrkdwn(cardTitle(said)),
      subtitle: mrkdwn(cut(facts, 150)),
      actions: [linkButton(said)],
    },
    ...(claim === '' ? [] : [{ type: 'markdown' as const, text: claim }]),
    section(`*How it was checked*${isMeasured ? ' (_measured_ by Errand)' : ''}\n${bullets(checks)}`),
    ...(sensitive.length === 0 ? [] : [section(`*Look at these first*\n${bullets(sensitive)}`)]),
    ...(others === null ? [] : [section(others)]),
    ...(ci === null ? [] : [section(ci)]),
    ...(origin === null ? [] : [context(origin)]),
    section(gate),
    ...(open ? actions(approveButton(said)) : []),
    ...(said.gate.type === 'held' && said.gate.by === null ? actions(runCiButton(said)) : []),
  ];
  const text = [
    `${head} · <${said.url}|${titleOf(task)}>`,
    facts,
    ...(claim === ''
      ? []
      : [
          `${task.agent === 'shell' ? 'Printed' : 'Claimed by the agent'}: ${escapeAgentText(oneLine(report?.claim ?? '', 800), 1200, wording.linkHosts)}`,
        ]),
    `${isMeasured ? 'Measured: ' : ''}${checks.join('; ')}`,
    ...(sensitive.length === 0 ? [] : [`Look at these first: ${sensitive.join('; ')}`]),
    ...(others === null ? [] : [others]),
    ...(ci === null ? [] : [ci]),
    ...(origin === null ? [] : [origin]),
    gate,
  ];
  return { text: text.join('\n'), blocks };
}

/** A number alone names no pull request where a task has several. */
function numberOf({ task, part, number }: Result): string {
  return `${task.parts.length === 1 ? '' : part.repository}#${number}`;
}

/** What the run left as it was; null for nothing. */
function untouched({ unchanged }: Result): string | null {
  return unchanged.length === 0 ? null : `This run changed nothing in ${unchanged.join(', ')}.`;
}

function headWord({ type }: Gate): string {
  switch (type) {
    case 'open':
    case 'held':
    case 'elsewhere':
      return 'Ready for review';
    case 'refused':
      return 'Not merged';
    case 'delayed':
      return 'Approved, waiting';
    case 'merging':
      return 'Merging';
    case 'merged':
      return 'Merged';
    case 'closed':
      return 'Closed';
    case 'replaced':
      return 'Replaced';
    default:
      return type satisfies never;
  }
}

/** A card's title holds 150 characters, the link's address included. */
function cardTitle({ task, url }: Result): string {
  const room = 150 - url.length - '<|>'.length;
  return room < 20
    ? escapeWithin(oneLine(task.title, 120), 150)
    : `<${url}|${escapeWithin(oneLine(task.title, 120), room)}>`;
}

function gateLine({ gate, head, draft }: Result, { emoji, linkHosts }: Wording): string {
  const commit = `Commit ${code(shortSha(head))}`;
  const approve = `To merge: react :${emoji.approve}: here or press Approve. ${commit}.${draftWords(draft)}`;
  switch (gate.type) {
    case 'open':
      return approve;
    case 'refused':
      // Only an edit says this, and edits notify nobody: people may be named.
      return `*Not merged.* ${escapeExceptPeople(oneLine(defang(`${gate.sentence} ${gate.next}`, linkHosts), 600))}\n${approve}`;
    case 'held':
      return heldLine(gate, commit, linkHosts);
    case 'delayed':
      return `*Approved by ${person(gate.by)}, not merged yet.* ${escapeAgent(gate.reason, 600, linkHosts)} ${commit}.`;
    case 'merging':
      return `*Merging*, approved by ${person(gate.by)}. ${commit}.`;
    case 'merged':
      return gate.by === null
        ? `*Merged* on GitHub. ${commit}.`
        : `*Merged*, approved by ${person(gate.by)}. ${commit}.`;
    case 'closed':
      return `*Closed* without merging. ${commit}.`;
    case 'elsewhere':
      return `Nobody can approve it in Slack: merge it on GitHub. ${commit}.`;
    case 'replaced':
      return `*Replaced.* ${commit} can't be approved here any more: ${code(shortSha(gate.head))} came after it and has its own message.`;
    default:
      return gate satisfies never;
  }
}

function heldLine(
  { by, delay, refusal }: Extract<Gate, { type: 'held' }>,
  commit: string,
  linkHosts: Wording['linkHosts'],
): string {
  const held = `*CI is held.* To have GitHub’s workflows run on this, press Run CI; approving comes after. ${commit}.`;
  if (by !== null) {
    const waits = delay === null ? '' : ` ${escapeAgent(delay, 600, linkHosts)}`;
    return `*CI is being started*, for ${person(by)}.${waits} ${commit}.`;
  }
  if (refusal === null) return held;
  return `*CI was not run.* ${escapeExceptPeople(oneLine(defang(`${refusal.sentence} ${refusal.next}`, linkHosts), 600))}\n${held}`;
}

/** What GitHub's workflows make of this commit, where the gate doesn't say it; null where none run. */
function ciLine({ ci, gate }: Result): string | null {
  if (ci === undefined || gate.type === 'replaced' || gate.type === 'closed' || gate.type === 'merged') return null;
  const unheld = 'Workflows on `pull_request_target` can’t be held: they run on this pull request at once.';
  switch (ci.type) {
    case 'held':
      return ci.target ? unheld : null;
    case 'unheld':
      return ci.target
        ? unheld
        : 'GitHub’s workflows run on this commit as soon as it is pushed, with whatever they may reach: CI isn’t held.';
    case 'released':
      return `CI runs since ${person(ci.by)} had it run: the same files as in ${code(shortSha(ci.from))}.`;
    default:
      return ci satisfies never;
  }
}

function draftWords(draft: Result['draft']): string {
  switch (draft) {
    case 'draft':
      return ' The pull request is a draft; an approval marks it ready for review first.';
    case 'unsupported':
      return ' GitHub has no drafts for this repository, so the pull request is open for review.';
    case undefined:
      return '';
    default:
      return draft satisfies never;
  }
}

/** A head without a report: nothing was run on it. */
function unmeasured({ by }: Result): string {
  switch (by) {
    case 'person':
      return 'A person pushed this commit, so Errand has measured nothing of it.';
    case 'kept':
      return 'This is what a run had done when it broke off; nothing was measured.';
    case 'run':
      return 'Nothing was measured.';
    default:
      return by satisfies never;
  }
}

/** What a reviewer looks at first, a line for what each does. */
function sensitiveLines({ sensitive, pushedAnyway }: Report): string[] {
  const kinds = Array.from(
    Map.groupBy(sensitive, ({ why }) => why),
    ([why, paths]) => {
      const names = paths.slice(0, maxPathsOfKind).map(({ path }) => pathCode(path));
      const more = paths.length > names.length ? ` and ${paths.length - names.length} more` : '';
      return `${names.join(', ')}${more}${why === '' ? '' : `: ${why}`}`;
    },
  );
  const lines = [...(pushedAnyway === undefined ? [] : [anywayLine(pushedAnyway)]), ...kinds];
  return lines.length > maxKinds ? [...lines.slice(0, maxKinds), `and ${lines.length - maxKinds} more`] : lines;
}

function anywayLine({ findings, count, by }: NonNullable<Report['pushedAnyway']>): string {
  const [first] = findings;
  const where = first === undefined ? '' : ` ${pathCode(first.path)} line ${first.line}`;
  const more = count > 1 ? ` and ${count - 1} more` : '';
  return `${where}${more}: looks like ${first?.kind ?? 'a secret'}; ${person(by)} had it pushed all the same`.trim();
}

function linkButton({ url, number }: Result): Button {
  return {
    type: 'button',
    action_id: 'link_pull_request',
    text: { type: 'plain_text', text: 'Open pull request' },
    accessibility_label: `Open pull request ${number}`,
    url,
  };
}

function approveButton(said: Result): Button {
  const { task, part, number, head } = said;
  const commit = shortSha(head);
  return {
    type: 'button',
    action_id: actionIds.approve,
    style: 'primary',
    text: { type: 'plain_text', text: 'Approve merge' },
    accessibility_label: `Approve merge of pull request ${number} at commit ${commit}`,
    value: `${task.id} ${head}`,
    confirm: {
      title: { type: 'plain_text', text: cut(`Merge ${numberOf(said)}?`, 100) },
      text: {
        type: 'plain_text',
        text: cut(`Commit ${commit} goes into ${part.base ?? 'the base branch'} of ${part.repository}.`, 300),
      },
      confirm: { type: 'plain_text', text: 'Approve merge' },
      deny: { type: 'plain_text', text: 'Not yet' },
    },
  };
}

function runCiButton(said: Result): Button {
  const { task, number, head } = said;
  const commit = shortSha(head);
  return {
    type: 'button',
    action_id: actionIds.runCi,
    text: { type: 'plain_text', text: 'Run CI' },
    accessibility_label: `Run CI on pull request ${number} at commit ${commit}`,
    value: `${task.id} ${head}`,
    confirm: {
      title: { type: 'plain_text', text: cut(`Run CI on ${numberOf(said)}?`, 100) },
      text: {
        type: 'plain_text',
        text: cut(`Commit ${commit} runs in ${said.part.repository}’s workflows, with whatever they may reach.`, 300),
      },
      confirm: { type: 'plain_text', text: 'Run CI' },
      deny: { type: 'plain_text', text: 'Not yet' },
    },
  };
}

function authorship({ agent }: TaskLine): string {
  return agent === 'shell' ? 'made by a script' : 'written by an AI agent, review it';
}
