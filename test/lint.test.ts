// Is all of the code typed, linted, and within the import table? In the run of the tests, since it takes as long as many of them.

import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

for (const [check, title] of [['types', 'types fit'], ['style', 'no promise is lost, and what is pure stays so'], ['edges', 'imports are those of the table'], ['reach', 'no temporal workflow reaches IO']] as const) {
  test(title, { timeout: 900_000 }, async () => {
    await promisify(execFile)(new URL('../scripts/lint', import.meta.url).pathname, [check], { maxBuffer: 1 << 26 }).catch(({ stdout, stderr }: { stdout: string; stderr: string }) => {
      // Of the offender, not of this line.
      const fault = new Error(`scripts/lint ${check}:\n${stdout}${stderr}`);
      delete fault.stack;
      throw fault;
    });
  });
}
