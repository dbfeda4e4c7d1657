/** GitHub's answer broke off, or something else answered in its place: what was asked for may have been done. */
export class Garbled extends Error {
  override readonly name = 'Garbled';
}

/**
 * A fetch that settles with answers that are there to their last byte: octokit takes one that broke off for an empty one. What says that
 * it went well is JSON or has no body; a page of a proxy in GitHub's place is no answer. Throws `Garbled`.
 */
export function wholeAnswers(send: typeof fetch): typeof fetch {
  return async (input, init) => {
    const answer = await send(input, init);
    if ([204, 205, 304].includes(answer.status)) return answer;
    const bytes = await answer.arrayBuffer().catch((cause: unknown) => {
      throw new Garbled('the answer broke off', { cause });
    });
    const type = answer.headers.get('content-type') ?? '';
    if (answer.ok && !/^application\/(?:[\w.+-]+\+)?json\b/i.test(type)) {
      throw new Garbled(`the answer is ${type || 'of no type'}, and not GitHub's JSON`);
    }
    return rebuilt(answer, bytes);
  };
}

/** An answer like another one, with a body of its own. */
export function rebuilt(answer: Response, body: ArrayBuffer, headers: Headers = answer.headers): Response {
  const status = answer.status === 304 ? 200 : answer.status;
  const whole = new Response(body, { status, statusText: answer.statusText, headers });
  // octokit reads pages of a list off it.
  Object.defineProperty(whole, 'url', { value: answer.url });
  return whole;
}
