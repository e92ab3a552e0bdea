// How does the app run `roundhouse doctor`? As a process of its own, which looks at the whole machine.

import { execFile } from 'node:child_process';
import { z } from 'zod';
import type { Finding } from '../../../activities/builder/doctor.ts';

const file = new URL('../../doctor/main.ts', import.meta.url).pathname;
/** It makes and removes a sandbox, and asks servers that may be away. */
const patienceMs = 120_000;
const finding = z.object({ check: z.string(), ok: z.boolean(), detail: z.string(), remedy: z.string().optional() });

/** Never rejects: that it could not look is a finding too. */
export const doctorFindings = (env: NodeJS.ProcessEnv): Promise<Finding[]> =>
  new Promise((resolve) => {
    execFile(process.execPath, [...process.execArgv, file, JSON.stringify({ json: true })], { env, timeout: patienceMs, maxBuffer: 1024 * 1024 }, (error, stdout, stderr) => {
      const findings = readFindings(stdout);
      // It ends with 1 when it found a problem.
      if (error && error.code !== 1) findings.push({ check: 'doctor', ok: false, detail: error.killed ? `did not end within ${patienceMs / 1000} seconds` : stderr.trim() || error.message, remedy: 'Run it in a terminal: roundhouse doctor' });
      resolve(findings);
    });
  });

/** One JSON object on each line. */
export const readFindings = (text: string): Finding[] =>
  text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [finding.parse(JSON.parse(line)) as Finding];
    } catch {
      return [];
    }
  });
