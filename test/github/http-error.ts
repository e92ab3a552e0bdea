// Which refusal is the caller answered with?

export class HttpError extends Error {
  override name = 'HttpError';
  readonly status: number;
  readonly extra: Record<string, unknown>;
  readonly headers: Record<string, string>;
  constructor(status: number, message: string, extra: Record<string, unknown> = {}, options: { cause?: unknown; headers?: Record<string, string> } = {}) {
    super(message, options);
    this.status = status;
    this.extra = extra;
    this.headers = options.headers ?? {};
  }
}
