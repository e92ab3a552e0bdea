// What did the tests of a slice say? Read in the sandbox, kept for the check, the page, and the splitting of later runs.

import { countTests, isFailure, testReportKey, testsInWords, type TestReport } from '../../../config-schema/test-report.ts';
import { putJson } from '../../object-store.ts';
import { HelperFailed, type DataEnd, type DataRun, type DataSteps } from '../data-step.ts';
import type { DataStepPorts } from '../data-steps.ts';

const mostShown = 10;

export function testResultSteps({ store }: Pick<DataStepPorts, 'store'>): Pick<DataSteps, 'store_test_results'> {
  return {
    async store_test_results(run, { path }): Promise<DataEnd> {
      const found = await run.sandbox.ask('testResults', { path }).catch((error: unknown) => {
        if (error instanceof HelperFailed) return null;
        throw error;
      });
      if (!found) return { outcome: 'failed', reason: `The test results at ${path} could not be read: they take more memory than the job has left. Write them into smaller files.` };
      if (!found.exists) return passed(run, `There is nothing at ${path}: no test results are stored. Correct path:, or have the tests write JUnit's XML there.`);
      for (const problem of found.problems) await run.say(`${problem}`);
      if (found.files === 0) return passed(run, `There is no file that ends in .xml in ${path}: no test results are stored.`);
      const counts = countTests(found.cases);
      await run.say(`${found.files} ${found.files === 1 ? 'file' : 'files'}: ${testsInWords(counts)}`);
      for (const { name, classname, file, line } of found.cases.filter(isFailure).slice(0, mostShown)) {
        await run.say(`  failed: ${classname === null ? '' : `${classname} `}${name}${file === null ? '' : ` (${file}${line === null ? '' : `:${line}`})`}`);
      }
      await run.checkFence();
      await putJson(store, testReportKey(run.slice, run.attempt, run.index), { version: 1, cases: found.cases } satisfies TestReport);
      return { outcome: 'passed', tests: counts };
    },
  };
}

async function passed(run: DataRun, line: string): Promise<DataEnd> {
  await run.say(line);
  return { outcome: 'passed' };
}
