/** An answer in GitHub's own error shape: `{message, documentation_url, status, errors?}`. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    message: string,
    options: { errors?: readonly unknown[]; headers?: Readonly<Record<string, string>>; docs?: string } = {},
  ) {
    super(message);
    this.status = status;
    this.body = {
      message,
      ...(options.errors === undefined ? {} : { errors: options.errors }),
      documentation_url: options.docs ?? 'https://docs.github.com/rest',
      status: String(status),
    };
    this.headers = options.headers ?? {};
  }
}

export function notFound(): HttpError {
  return new HttpError(404, 'Not Found');
}

/** GitHub's 422 with one custom error, as for a pull request that exists already. */
export function validationFailed(resource: string, message: string): HttpError {
  return new HttpError(422, 'Validation Failed', { errors: [{ resource, code: 'custom', message }] });
}

/** GitHub's 422 for a field that names nothing it can use. */
export function invalidField(resource: string, field: string): HttpError {
  return new HttpError(422, 'Validation Failed', { errors: [{ resource, field, code: 'invalid' }] });
}
