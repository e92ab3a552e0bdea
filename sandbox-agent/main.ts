// What runs in every sandbox? An ssh server on a unix socket, by which a builder starts steps and takes their output.

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { forwardSockets } from './forward.ts';
import { keepMainOutputs, startMainProcess } from './main-process.ts';
import { loadSystemCalls } from './pipe.ts';
import { paths } from './protocol.ts';
import { listen, sshServer } from './serve.ts';
import { stepTable } from './steps.ts';
import { makeTaskData } from './task-data.ts';
import { agentUser } from './user.ts';

const { root, main } = parseArgs({
  // Tests run agents on the host: everything that is the sandbox's own lies under this folder then.
  options: { root: { type: 'string', default: '' }, main: { type: 'boolean', default: false } },
}).values;
const at = (path: string): string => root + path;

// Whatever the builder was started with: files of a build have the modes that builds expect.
process.umask(0o022);
const agentFolder = dirname(process.argv[1] ?? '');
if (root === '') makeTaskData();
const user = agentUser();
const systemCalls = loadSystemCalls(join(agentFolder, 'koffi.node'));
const steps = stepTable({ user, systemCalls });
keepMainOutputs(at(paths.run));
const ready = main ? startMainProcess(readFileSync(0, 'utf8'), at(paths.run), systemCalls) : Promise.resolve();
const server = sshServer({
  hostKey: readFileSync(at(paths.hostKey)),
  authorizedKey: readFileSync(at(paths.authorizedKey)),
  agent: { steps, systemCalls, tools: { user, agentFolder, socketFolder: at(paths.run), actAs: systemCalls.actAs } },
  forward: forwardSockets({ [paths.gitSocket]: at(paths.gitSocket), [paths.sshAgentSocket]: at(paths.sshAgentSocket) }),
});

process.on('SIGTERM', () => {
  steps.abandon();
  process.exit(0);
});
void ready.then(() => listen(server, at(paths.agentSocket)));
