import { toast } from './toast.js';

/** Words for what the workspace refuses; the code itself where there are none. */
const words = {
  not_in_channel: 'You are not a member of that channel.',
  is_archived: 'This channel is archived.',
  message_not_found: 'That message is gone.',
  thread_not_found: 'That thread is gone.',
  action_not_found: 'That button is gone: the message has changed.',
  view_not_found: 'That form is closed already.',
  already_reacted: 'You have reacted with that emoji already.',
  no_text: 'There is nothing to send.',
  invalid_name: 'There is no such emoji here.',
  operation_timeout: 'Errand did not answer in three seconds.',
  dispatch_failed: 'Errand could not be reached. Is it running?',
  nothing_to_stop: 'There is nothing to stop any more.',
  file_not_found: 'That file is gone.',
  too_many_files: 'A message takes ten files.',
  unknown_shortcut: 'Errand has no such shortcut.',
};

/**
 * One write. Throws after showing what went wrong.
 * @param {string} path under `/local`
 * @param {object} body
 * @param {{ quiet?: boolean }} [how] quiet says nothing: whoever asked does
 */
export async function post(path, body, { quiet = false } = {}) {
  let answer;
  try {
    const response = await fetch(`/local${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    answer = await response.json();
  } catch (cause) {
    toast('The local workspace does not answer. Is it still running?');
    throw new Error('unreachable', { cause });
  }
  if (answer.ok) return answer;
  if (!quiet) toast(words[answer.error] ?? `Refused: ${answer.error}`);
  throw new Error(answer.error);
}

/** Runs a write whose failure was shown already. @param {Promise<unknown>} promise */
export function shown(promise) {
  promise.catch((error) => console.info(error.message));
}
