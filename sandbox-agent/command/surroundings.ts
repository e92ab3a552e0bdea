// What does a command see of the step that it runs in?

import { text } from 'node:stream/consumers';

export type Surroundings = {
  /** By which of its names it was called. */
  name: string;
  /** As the step has it. */
  env: Record<string, string | undefined>;
  cwd: string;
  readStdin(): Promise<string>;
  print(text: string): void;
  /** A sentence on stderr. */
  complain(sentence: string): void;
};

/** What the wrapper took away, because it would have changed this Node: the step's own programs get it back. */
const keptPrefix = 'ROUNDHOUSE_KEPT_';

export function surroundingsOf(name: string): Surroundings {
  const entries = Object.entries(process.env).map(([key, value]): [string, string | undefined] => [key.startsWith(keptPrefix) ? key.slice(keptPrefix.length) : key, value]);
  // `circleci tests glob … | head -1` is no fault.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => process.exit());
  return {
    name,
    env: Object.fromEntries(entries),
    cwd: process.cwd(),
    readStdin: () => text(process.stdin),
    print: (written) => void process.stdout.write(written),
    complain: (sentence) => void process.stderr.write(`${name}: ${sentence}\n`),
  };
}
