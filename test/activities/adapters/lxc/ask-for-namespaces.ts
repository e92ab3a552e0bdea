// A builder's process that only wants user namespaces.

import { setTimeout as sleep } from 'node:timers/promises';
import { userNamespaces } from '../../../../activities/adapters/lxc/user-namespace.ts';
import type { SandboxError } from '../../../../activities/builder/sandbox.ts';

const namespaces = userNamespaces();
for (let number = 1; number <= 3; number++) {
  const said = await namespaces.of(number).then(
    () => 'made',
    ({ kind, message }: SandboxError) => `${kind}: ${message}`,
  );
  process.stdout.write(`${said}\n`);
}
// An error event that nobody hears would come by now.
await sleep(100);
process.stdout.write('alive\n');
