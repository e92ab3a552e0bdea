// What does a file of test results say? JUnit's XML, in the dialects that test runners write.

import { XMLParser } from 'fast-xml-parser';
import { findLocation, projectPath } from './test-location.ts';

export type TestOutcome = 'passed' | 'failed' | 'error' | 'skipped';

export type TestCase = {
  name: string;
  classname: string | null;
  /** Relative to the working directory where that could be told. */
  file: string | null;
  /** From 1. */
  line: number | null;
  seconds: number | null;
  outcome: TestOutcome;
  /** Why it failed, or was skipped. */
  message: string | null;
  /** Stack traces, or what the test wrote; the first 8 KB. */
  detail: string | null;
  /** The innermost suite that has a name. */
  suite: string | null;
};

export type JunitOptions = {
  /** A longer text is refused. 16 MB take 3 s and 300 MB of memory, and ten times that if they are made for it: not for a thread that others wait for. */
  mostCharacters?: number;
  /** Of the job: paths below it are told from there. */
  workingDirectory?: string;
};

const longestText = 8 * 1024;
const longestName = 2_000;

/** `problem` goes on from the file's name: "results.xml: the file is not …". */
export function parseJunit(text: string, { mostCharacters = 16 * 1024 * 1024, workingDirectory = '' }: JunitOptions = {}): { cases: TestCase[] } | { problem: string } {
  if (text.length > mostCharacters) return { problem: `the file has ${text.length} characters; at most ${mostCharacters} are read. Write the results into several files.` };
  let document: Element;
  try {
    document = parser.parse(text, true) as Element;
  } catch (error) {
    return { problem: `the file is not well-formed XML: ${(error as Error).message.slice(0, 300)} Did the test run end before all was written?` };
  }
  const [root] = document.testsuites ?? document.testsuite ?? [];
  if (root === undefined) return { problem: `the file has <${Object.keys(document).find((name) => /^\w/.test(name)) ?? '?'}> where JUnit has <testsuites> or <testsuite>. Have your test runner write JUnit's XML.` };
  return { cases: [...casesOf(root, { suite: null, file: null, workingDirectory })] };
}

/** As the parser makes it: elements are lists whatever their number, attributes begin with @. */
type Element = { [child in Child]?: Element[] } & { [attribute: `@${string}`]: string | undefined; '#text'?: string };
type Child = 'testsuites' | 'testsuite' | 'testcase' | 'failure' | 'error' | 'skipped' | 'rerunFailure' | 'rerunError' | 'stackTrace' | 'system-out' | 'system-err';

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseTagValue: false,
  alwaysCreateTextNode: true,
  allowBooleanAttributes: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
  // Do not tell the path of each element: nobody asks, and it takes a quarter of the time.
  jPath: false,
  isArray: (_name, _path, _isLeaf, isAttribute) => !isAttribute,
  // Ours, because the library's counts ordinary escapes against its limits, and knows entities of a DOCTYPE, which nobody needs here.
  entityDecoder: {
    decode: decodeEntities,
    addInputEntities(entities: object) {
      if (Object.keys(entities).length > 0) throw new Error('entities of its own, in a DOCTYPE, are not read');
    },
    setExternalEntities() {},
    setXmlVersion() {},
    reset() {},
  },
});

type Around = { suite: string | null; file: string | null; workingDirectory: string };

function* casesOf(element: Element, outer: Around): Generator<TestCase> {
  const around = { ...outer, suite: element['@name']?.slice(0, longestName) || outer.suite, file: element['@file'] ?? element['@filepath'] ?? outer.file };
  for (const testcase of element.testcase ?? []) yield caseOf(testcase, around);
  for (const suite of element.testsuite ?? []) yield* casesOf(suite, around);
}

function caseOf(element: Element, around: Around): TestCase {
  const { failure = [], error = [], skipped = [], rerunFailure = [], rerunError = [] } = element;
  const outcome = outcomeOf(element);
  const faults = outcome === 'skipped' ? skipped : outcome === 'passed' ? [] : [...failure, ...error, ...rerunFailure, ...rerunError];
  const traces = faults.map((fault) => [fault['#text'], ...(fault.stackTrace ?? []).map((trace) => trace['#text'])].filter(Boolean).join('\n'));
  const message = faults.map((fault) => fault['@message']).find(Boolean) ?? traces.find(Boolean)?.split('\n', 1)[0] ?? faults.map((fault) => fault['@type']).find(Boolean);
  const written = (): string[] => [...(element['system-out'] ?? []), ...(element['system-err'] ?? [])].map((output) => output['#text'] ?? '');
  const isFault = outcome === 'failed' || outcome === 'error';
  // ctest's and others' failures say nothing themselves.
  const detail = (traces.some(Boolean) || !isFault ? traces : written()).filter(Boolean).join('\n\n').slice(0, longestText);

  const file = projectPath(element['@file'] ?? element['@filepath'] ?? around.file ?? '', around.workingDirectory).slice(0, longestName) || null;
  const line = lineOf(element, around);
  const found = isFault && (file === null || line === null) ? findLocation(detail, around.workingDirectory, file) : null;
  return {
    name: (element['@name'] ?? '').slice(0, longestName),
    classname: (element['@classname'] ?? element['@class'])?.slice(0, longestName) || null,
    file: file ?? found?.file ?? null,
    line: line ?? found?.line ?? null,
    seconds: secondsOf(element['@time']),
    outcome,
    message: message?.slice(0, longestText) ?? null,
    detail: detail || null,
    suite: around.suite,
  };
}

/** What failed first and passed then (surefire's flakyFailure) has passed. */
function outcomeOf(element: Element): TestOutcome {
  if (element.failure) return 'failed';
  if (element.error) return 'error';
  const said = `${element['@status'] ?? ''} ${element['@result'] ?? ''}`;
  if (element.skipped || /\b(skipped|disabled|notrun|suppressed|ignored|pending)\b/i.test(said)) return 'skipped';
  return /\b(fail|failed|failure)\b/i.test(said) ? 'failed' : 'passed';
}

function lineOf(element: Element, { suite }: Around): number | null {
  const line = element['@line'] ?? element['@lineno'];
  if (line === undefined || !/^\d{1,7}$/.test(line)) return null;
  // pytest counts from 0.
  return Number(line) + (suite === 'pytest' ? 1 : 0) || null;
}

/** `1,234.5` has a thousand, `0,5` is a half. */
function secondsOf(time: string | undefined): number | null {
  const text = time?.trim();
  if (!text) return null;
  const plain = /^[1-9]\d{0,2}(,\d{3})+(\.\d*)?$/.test(text) ? text.replaceAll(',', '') : text.replace(/^(\d+),(\d+)$/, '$1.$2');
  const seconds = Number(plain);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : null;
}

const named: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function decodeEntities(text: string): string {
  return text.replace(/&(?:(lt|gt|amp|quot|apos)|#(\d{1,7})|#x([0-9a-f]{1,6}));/gi, (whole, name?: string, decimal?: string, hexadecimal?: string) => {
    if (name !== undefined) return named[name] ?? whole;
    const code = decimal === undefined ? parseInt(hexadecimal ?? '', 16) : Number(decimal);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '';
  });
}
