import type { UseCases } from '../task/use-cases.ts';
import { answer, retry, stop } from './act.ts';
import { allowHost } from './allow-host.ts';
import { approve, unapprove } from './approve.ts';
import type { BotDeps } from './deps.ts';
import { findRepositories, form, resend, submitForm } from './form.ts';
import { giveFormBack } from './give-back.ts';
import { pushAnyway } from './push-anyway.ts';
import { reply } from './reply.ts';
import { runCi } from './run-ci.ts';
import { start } from './start.ts';
import { list, status } from './status.ts';
import { submit } from './submit.ts';
import { usage } from './usage.ts';

/** Everything that people can do, bound to what the bot has. */
export function createUseCases(deps: BotDeps): UseCases {
  return {
    submit: (asked) => submit(deps, asked),
    start: (asked) => start(deps, asked),
    form: (asked, begun) => form(deps, asked, begun),
    submitForm: (asked) => submitForm(deps, asked),
    resend: (asked, draft, repository) => resend(deps, asked, draft, repository),
    giveBack: (asked, begun, failure) => giveFormBack(deps, asked, begun, failure),
    findRepositories: (typed) => findRepositories(deps.policy, typed),
    reply: (asked) => reply(deps, asked),
    stop: (asked, target) => stop(deps, asked, target),
    retry: (asked, target) => retry(deps, asked, target),
    status: (asked, target) => status(deps, asked, target),
    list: (asked) => list(deps, asked),
    usage: (asked) => usage(deps, asked),
    approve: (asked) => approve(deps, asked),
    allowHost: (asked) => allowHost(deps, asked),
    runCi: (asked) => runCi(deps, asked),
    unapprove: (asked) => unapprove(deps, asked),
    pushAnyway: (asked) => pushAnyway(deps, asked),
    answer: (asked) => answer(deps, asked),
  };
}
