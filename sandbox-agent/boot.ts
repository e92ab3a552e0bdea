// How does the agent start fast? Its code lies beside what V8 compiled of it in a trial run, when the folder was built.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';

const folder = dirname(process.argv[1] ?? '');
const file = join(folder, 'main.cjs');
const compiledFile = join(folder, 'main.compiled');

const cachedData = existsSync(compiledFile) ? readFileSync(compiledFile) : undefined;
const script = new Script(`(function (require, __dirname) {${readFileSync(file, 'latin1')}\n})`, { filename: file, ...(cachedData && { cachedData }) });
if (script.cachedDataRejected) process.stderr.write('agent: main.compiled was made by another Node or with other flags; compiling again\n');

// Set by scripts/build-agent alone. At the end of the trial run: what was never called is not compiled.
if (process.env['ROUNDHOUSE_AGENT_TRIAL']) process.once('exit', () => writeFileSync(compiledFile, script.createCachedData()));

const run = script.runInThisContext() as (require: NodeJS.Require, folder: string) => void;
run(createRequire(file), folder);
