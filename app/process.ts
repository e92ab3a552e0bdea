// How does a process of ours begin, and how does it end?

import { BadSettings } from './read-settings.ts';

/** Aborted by SIGTERM or SIGINT; a second signal ends the process at once. */
export function whenAsked(): AbortSignal {
  const asked = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (asked.signal.aborted) process.exit(130);
      asked.abort(new Error(`ended by ${signal}`));
    });
  }
  return asked.signal;
}

/** Resolves when it is aborted, or has been: a signal may come while the process still begins. */
export const aborted = (signal: AbortSignal): Promise<void> => new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })));

/** Runs the process. Bad settings are sentences and exit code 2; a Problem exits with its own code, our failures with 3. */
export async function endOnTrouble(main: () => Promise<void | number>): Promise<void> {
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    if (error instanceof BadSettings) {
      for (const sentence of error.sentences) process.stderr.write(`roundhouse: ${sentence}\n`);
      process.exitCode = 2;
    } else {
      const { stack, message, exitCode = 3 } = (error instanceof Error ? error : new Error(String(error))) as Error & { exitCode?: number };
      process.stderr.write(`roundhouse: ${process.env.LOG_LEVEL === 'debug' ? stack : message}\n`);
      process.exitCode = exitCode;
    }
  }
  // Native connections and pools would hold the process; everything that must end in order has ended.
  process.exit();
}
