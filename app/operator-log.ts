// Where does the operator read what the processes do? On stderr: JSON for machines, short lines for a person at a terminal.

import type { ServerResponse } from 'node:http';
import { stripVTControlCharacters } from 'node:util';
import { pino, stdSerializers, type DestinationStream, type Logger, type LoggerOptions } from 'pino';

export type OperatorLogSettings = { level: string; format: 'json' | 'pretty' };

/** `destination` is for tests; usually stderr, because stdout belongs to what a command answers. */
export function operatorLog({ level, format }: OperatorLogSettings, destination: DestinationStream = pino.destination({ dest: 2, sync: true })): Logger {
  const out = format === 'pretty' ? shortLines(destination) : destination;
  return pino({ level, base: null, serializers: { err: shownError, error: shownError }, redact: { paths: secret, censor }, hooks: { logMethod: lessOfProbot } }, out);
}

/** Of requests: cookies and tokens are in headers, one-time codes in queries. */
const secret = ['req.headers', 'req.url', 'req.query', 'res.headers'];
const withoutQuery = (text: string): string => text.replace(/\?\S*/, '');
const censor = (value: unknown, path: string[]): unknown => (path.at(-1) === 'url' && typeof value === 'string' ? withoutQuery(value) : undefined);

/**
 * Octokit hangs the whole webhook, of any sender and any size, on the error that it throws for a bad signature, and requests with
 * their bodies on others.
 */
const shownError = (error: Error): unknown => withoutPayloads({ ...stdSerializers.err(error) });

function withoutPayloads({ event: _event, request: _request, response: _response, aggregateErrors, ...shown }: Record<string, unknown>): Record<string, unknown> {
  if (!Array.isArray(aggregateErrors)) return shown;
  return { ...shown, aggregateErrors: aggregateErrors.map((each) => withoutPayloads({ ...(each as object) })) };
}

/** Probot logs each request at `info` and each refused webhook as two errors with stacks: strangers could fill the log. */
const lessOfProbot: NonNullable<NonNullable<LoggerOptions['hooks']>['logMethod']> = function (args, method) {
  const [first, message] = args as unknown as [unknown, string | undefined];
  const { res, status, event } = (typeof first === 'object' && first !== null ? first : {}) as { res?: ServerResponse; status?: number; event?: unknown };
  if (res) {
    const { responseTime } = first as { responseTime?: number };
    const seen = [{ res, responseTime }, withoutQuery(message ?? '')] as const;
    if (res.statusCode >= 500) return method.apply(this, seen as unknown as typeof args);
    // Not `this.debug`, which would come here again.
    if (this.isLevelEnabled('debug')) method.apply(this, seen as unknown as typeof args);
    return;
  }
  // The sum of errors that have each been logged already.
  if (first instanceof AggregateError && event !== undefined) return;
  if (first instanceof Error && event !== undefined && status !== undefined && status < 500) {
    this.warn({ status }, `webhook refused: ${first.message}`);
    return;
  }
  method.apply(this, args);
};

const levels: Record<number, string> = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'ERROR', 60: 'FATAL' };

function shortLines(destination: DestinationStream): DestinationStream {
  return {
    write(line) {
      const { level, time, msg, name: _name, req: _req, res: _res, responseTime: _responseTime, err, ...rest } = JSON.parse(line) as Record<string, unknown>;
      const facts = Object.entries(rest).map(([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
      const { stack } = (err ?? {}) as { stack?: string };
      const text = `${new Date(time as number).toISOString().slice(11, 19)} ${levels[level as number] ?? String(level)} ${(msg as string) ?? ''}${facts.join('')}${stack === undefined ? '' : `\n${stack}`}`;
      // Names of branches and the like are strangers' text; this goes to a terminal.
      destination.write(`${stripVTControlCharacters(text).replace(/(?!\n)\p{Cc}/gu, ' ').replaceAll('\n', '\n  ')}\n`);
    },
  };
}
