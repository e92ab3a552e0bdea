// A builder in miniature, to be killed: continues the numbered lines at the log's size, a few at a time, and prints what was acknowledged.

import { join } from 'node:path';
import { fileStore } from '../../../activities/adapters/file-store.ts';
import { openStepLog } from '../../../activities/builder/step-log.ts';

const [folder, key, total] = process.argv.slice(2) as [string, string, string];

const log = await openStepLog({ store: fileStore(join(folder, 'store')), key, file: join(folder, 'step.log'), checkFence: () => Promise.resolve() });
process.stdout.write(`opened ${log.size}\n`);
const output = Buffer.from(Array.from({ length: Number(total) }, (_, i) => `${i} ${'abcdefghij'.repeat(i % 3)}\n`).join(''));
for (let at = log.size; at < output.length; at = log.size) {
  await log.append(output.subarray(at, at + 1 + ((at * 7) % 4000)));
  process.stdout.write(`${log.size}\n`);
  if (at % 16 === 0) await new Promise((resolve) => setTimeout(resolve, 15));
}
await log.end();
await log.close();
