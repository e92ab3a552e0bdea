// How much has each caller asked for, and what trouble is in store for the next request?

import type { Caller } from './tokens.ts';

/** Trouble on demand. Used up in the order in which it was injected. */
export type Injection = {
  /** An operation such as `POST /repos/{owner}/{repo}/check-runs`, a `METHOD /path`, or a pattern for the latter. `POST /graphql` is GraphQL. */
  match: string | RegExp;
  /** Answered instead of the route's own answer. Absent: only the delay happens. */
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
  delayMs?: number;
  /** The connection is cut without an answer. `after`: the request was carried out first, so that only its answer is lost. */
  cut?: 'before' | 'after';
  /** How many requests it meets; 1 by default. `Infinity`: all, until it is taken back. */
  times?: number;
};

export type Limits = {
  /** REST requests an hour and GraphQL points an hour; the real ones are 5,000. */
  perHour: number;
  /** Points a minute: 1 for reading, 5 for writing; the real ones are 900 for REST. */
  pointsPerMinute: number;
  /** POST requests, and what a mutation creates; the real ones are 80 a minute and 500 an hour. */
  createsPerMinute: number;
  createsPerHour: number;
};

export const publishedLimits: Limits = { perHour: 5_000, pointsPerMinute: 900, createsPerMinute: 80, createsPerHour: 500 };

/** What one request counts for: one that only reads is a point, every other one is five. */
export type Weight = { changes: boolean; creates: number };

export type Refusal = { status: number; message: string; headers: Record<string, string>; documentation: string };

export type Meter = {
  /** Counts a request; a refusal when limits are enforced and one is exceeded. */
  count(caller: Caller, resource: 'core' | 'graphql', weight: Weight, now: Date): { headers: Record<string, string>; refusal: Refusal | null };
  read(caller: Caller, resource: 'core' | 'graphql', now: Date): { limit: number; used: number; remaining: number; reset: number };
};

type Window = { start: number; used: number; recent: { at: number; points: number; creates: number }[] };

/** `enforced` null: requests are counted, and none is refused. */
export function meter(enforced: Limits | null): Meter {
  const windows = new Map<string, Window>();
  const limits = enforced ?? publishedLimits;
  const open = (caller: Caller, resource: string, now: Date): Window => {
    const key = `${resource} ${nameOf(caller)}`;
    let window = windows.get(key);
    if (window === undefined || now.getTime() - window.start >= 3_600_000) windows.set(key, (window = { start: now.getTime(), used: 0, recent: window?.recent ?? [] }));
    window.recent = window.recent.filter((one) => now.getTime() - one.at < 3_600_000);
    return window;
  };
  const status = (window: Window) => ({ limit: limits.perHour, used: Math.min(window.used, limits.perHour), remaining: Math.max(limits.perHour - window.used, 0), reset: Math.floor(window.start / 1000) + 3600 });
  return {
    read: (caller, resource, now) => status(open(caller, resource, now)),
    count(caller, resource, weight, now) {
      const window = open(caller, resource, now);
      const exhausted = window.used >= limits.perHour;
      window.used++;
      const headers = headersOf(status(window), resource);
      if (enforced === null) return { headers, refusal: null };
      if (exhausted) return { headers, refusal: primaryRefusal(status(window).reset, resource) };
      const lastMinute = window.recent.filter((one) => now.getTime() - one.at < 60_000);
      const points = lastMinute.reduce((sum, one) => sum + one.points, 0);
      const created = (recent: Window['recent']): number => recent.reduce((sum, one) => sum + one.creates, weight.creates);
      const tooMany = points >= limits.pointsPerMinute || (weight.creates > 0 && (created(lastMinute) > limits.createsPerMinute || created(window.recent) > limits.createsPerHour));
      if (tooMany) return { headers, refusal: secondaryRefusal(60) };
      window.recent.push({ at: now.getTime(), points: weight.changes ? 5 : 1, creates: weight.creates });
      return { headers, refusal: null };
    },
  };
}

function nameOf(caller: Caller): string {
  switch (caller.kind) {
    case 'anonymous':
      return 'anonymous';
    case 'app':
      return `app ${caller.app.id}`;
    case 'installation':
      return `installation ${caller.token.installation.id}`;
    case 'user':
      return `user ${caller.account.id}`;
  }
}

const headersOf = (status: { limit: number; used: number; remaining: number; reset: number }, resource: string): Record<string, string> => ({
  'X-RateLimit-Limit': String(status.limit),
  'X-RateLimit-Remaining': String(status.remaining),
  'X-RateLimit-Used': String(status.used),
  'X-RateLimit-Reset': String(status.reset),
  'X-RateLimit-Resource': resource,
});

const documentation = 'https://docs.github.com/rest/overview/rate-limits-for-the-rest-api';

export function primaryRefusal(reset: number, resource: string): Refusal {
  return { status: 403, message: 'API rate limit exceeded for installation.', headers: headersOf({ limit: publishedLimits.perHour, used: publishedLimits.perHour, remaining: 0, reset }, resource), documentation };
}

export function secondaryRefusal(retryAfterSeconds: number): Refusal {
  return {
    status: 403,
    message: 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
    headers: { 'Retry-After': String(retryAfterSeconds) },
    documentation: `${documentation}#about-secondary-rate-limits`,
  };
}

export type Troubles = { /** Answers how to take it back. */ inject(injection: Injection): () => void; /** The one that meets this request, used up once. */ next(method: string, pathname: string, operation: string | null): Injection | null };

export function troubles(): Troubles {
  const waiting: (Injection & { left: number })[] = [];
  return {
    inject(injection) {
      const trouble = { ...injection, left: injection.times ?? 1 };
      waiting.push(trouble);
      return () => void (trouble.left = 0);
    },
    next(method, pathname, operation) {
      const name = `${method} ${pathname}`;
      const found = waiting.find(({ left, match }) => left > 0 && (typeof match === 'string' ? match === operation || match === name : match.test(name)));
      if (found === undefined) return null;
      found.left--;
      return found;
    },
  };
}
