// What went wrong, for the person at the terminal, and with which exit code?

/** A sentence with its remedy; no stack trace is shown. */
export class Problem extends Error {
  override name = 'Problem';
  readonly exitCode: 1 | 2 | 3;
  constructor(message: string, exitCode: 1 | 2 | 3, options?: { cause?: unknown }) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
