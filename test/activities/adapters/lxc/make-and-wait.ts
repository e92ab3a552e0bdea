// The builder of a test that gets killed: makes one sandbox in the given state folder and then does nothing.

import { specOf, testHost } from './machine.ts';

const [stateFolder, name] = process.argv.slice(2) as [string, string];
const { host } = testHost({ stateFolder });
process.stdout.write('making\n');
await host.create(specOf({ name }));
process.stdout.write('made\n');
setInterval(() => {}, 1000);
