// Which of GitHub's errors does waiting mend, and how long?

import { ForgeUnavailable } from '../control/forge.ts';

type Headers = Record<string, string | number | undefined>;
type Failure = { status?: number; message: string; headers: Headers; errors: { type?: string; message: string }[] };

/** The error to throw: ForgeUnavailable where a later try can help, else as it came. `what` we were doing, for the message. */
export function forgeError(error: unknown, what: string, now: number): unknown {
  if (error instanceof ForgeUnavailable || !(error instanceof Error)) return error;
  const failure = read(error);
  const seconds = waitSeconds(failure, now);
  if (seconds === undefined) return error;
  return new ForgeUnavailable(`GitHub could not ${what}: ${failure.message}`, seconds, { cause: error });
}

/** Seconds that GitHub asks for; null: it does not say; undefined: waiting does not help. */
export function waitSeconds(failure: Failure, now: number): number | null | undefined {
  const { status, headers, message, errors } = failure;
  const asked = askedFor(headers, now);
  if (status === 429 || errors.some(({ type }) => type === 'RATE_LIMITED')) return asked ?? defaultPauseSeconds;
  // How GraphQL says that content comes too fast.
  if (errors.some(({ message: each }) => /submitted too quickly/i.test(each))) return asked ?? defaultPauseSeconds;
  if (status === 403 && (asked !== null || /rate limit|abuse detection/i.test(message))) return asked ?? defaultPauseSeconds;
  // The request never arrived, or its answer was lost; Octokit calls that 500 too.
  if (status !== undefined && status >= 500) return asked;
  if (errors.some((each) => each.type === undefined && /something went wrong|timeout|timed out|loading/i.test(each.message))) return asked;
  return undefined;
}

/** "If the Retry-After header is not present … wait for at least one minute." */
const defaultPauseSeconds = 60;

function askedFor(headers: Headers, now: number): number | null {
  const after = Number(headers['retry-after']);
  if (headers['retry-after'] !== undefined && Number.isFinite(after)) return Math.max(1, Math.ceil(after));
  const reset = Number(headers['x-ratelimit-reset']);
  if (String(headers['x-ratelimit-remaining']) !== '0' || !Number.isFinite(reset)) return null;
  // By GitHub's clock, where it tells the time: ours may be off.
  const date = Date.parse(String(headers['date']));
  return Math.max(1, Math.ceil(reset - (Number.isNaN(date) ? now : date) / 1000));
}

/** Octokit's RequestError, GraphqlResponseError, or what fetch threw. */
function read(error: Error): Failure {
  const { status, response, headers, errors } = error as Error & { status?: number; response?: { headers?: Headers }; headers?: Headers; errors?: unknown };
  return {
    ...(status !== undefined && { status }),
    message: error.message,
    headers: response?.headers ?? headers ?? {},
    errors: Array.isArray(errors) ? (errors as Failure['errors']) : [],
  };
}
