// Which line of a log would a person jump to who looks for what went wrong?

/**
 * Whether the line, as a page shows it, says that something failed. The first such line of a log is the one: what tools print at the end
 * (`npm ERR!`, `make: *** … Error 2`) only says that they noticed. Counts of errors (`0 errors`) are none.
 */
export function saysError(line: string): boolean {
  const text = line.length > longestLead ? line.slice(0, longestLead) : line;
  return signs.some((sign) => sign.test(text)) && !harmless.test(text);
}

/** A quick no for most blocks of lines. */
export const mayFail = (text: string): boolean => /error|fail|fatal|panic|traceback|exception|not ok|not found|segmentation|killed|^ *E  |[✗✘✖❌●]|ERR!/im.test(text);

const longestLead = 400;

/** A time, a level in brackets or a marker of a tool may stand before the word. */
const lead = String.raw`^\s*(?:\[?\d[\d:.,TZ+\-/]*\]?\s+)*(?:\[[\w .:-]{1,40}\]\s*)*`;

const signs = [
  /^##\[error\]/,
  /^::error[ :]/,
  // error: …, Error: …, ERROR …, [ERROR] …, error TS2304: …, error[E0308]: …, ERROR in ./src
  new RegExp(`${lead}(?:error(?:\\[\\w+\\])?:|\\[?ERROR\\]?(?:[ :]|$)|error +[A-Z]{2,}\\d+:|Error:)`),
  new RegExp(`${lead}(?:fatal|FATAL|Fatal error|fatal error)(?::| )`),
  // src/a.ts(3,5): error TS2304: …, main.c:3:5: error: …, a.rb:3: syntax error
  /^\s*[^\s:(]+(?:\(\d+,\d+\)|:\d+(?::\d+)?): (?:fatal |syntax )?error\b/i,
  // TypeError: …, java.lang.NullPointerException: …, Uncaught Error: …
  /^\s*(?:Uncaught |Unhandled |Caused by: |Exception in thread "[^"]*" )?(?:[\w$]+[.:]+)*(?:[A-Z][\w$]*)?(?:Error|Exception)(?: \[[^\]]*\])?(?::|$)/,
  /^Traceback \(most recent call last\)/,
  /^E   ?\s*\S/,
  /^panic: |^thread '.*' panicked at|^fatal error: /,
  /^\s*--- FAIL: |^FAIL(?:ED)?(?:[\s:]|$)|^FAILURE: |^\s*BUILD FAILED|^\s*FAILED(?:[\s:]|$)|^\[\s+FAILED\s+\]/,
  /^\s*not ok \d/,
  /^\s*[✗✘✖❌×] ?\S|^\s*● .* › /,
  /^npm (?:ERR!|error) /,
  /^\w*make(?:\[\d+\])?: \*\*\* /,
  /^(?:\S+: )*(?:line \d+: )?.*: command not found$/,
  /^(?:\S+: )*(?:line \d+: *)?(?:\d+ )?(?:Segmentation fault|Killed\b|Aborted \(core dumped\)|Bus error)/,
  /\bAssertion .* failed\b|^\s*assertion failed/i,
];

const harmless = /\b(?:0|no|zero) (?:errors?|failures?|failed)\b|\b(?:errors?|failures?|failed)\s*[:=]\s*0\b|: (?:ignored|allowed to fail)$/i;
