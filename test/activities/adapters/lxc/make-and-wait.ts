// The builder of a test that gets killed: makes one sandbox with a sidecar in the given state folder and then does nothing.

import { plainContainer } from '../../../../activities/builder/sandbox.ts';
import { specOf, testHost, testImages } from './machine.ts';

const [stateFolder, name] = process.argv.slice(2) as [string, string];
const { host } = testHost({ stateFolder, images: testImages({ sleeper: { entrypoint: ['sleep', '1000'] } }) });
process.stdout.write('making\n');
await host.create(specOf({ name, sidecars: [plainContainer('sleeper')] }));
process.stdout.write('made\n');
setInterval(() => {}, 1000);
