// What does the command line say about a config, to people and to programs?

import type { Diagnostic } from '../../config-schema/plan.ts';

export type Findings = { errors: readonly Diagnostic[]; warnings: readonly Diagnostic[]; notYet: readonly Diagnostic[] };

/** A compile's list may hold both kinds; what this version cannot run is told apart. */
export const findingsOf = (diagnostics: readonly Diagnostic[], notYet: readonly Diagnostic[] = []): Findings => ({
  errors: diagnostics.filter(({ severity }) => severity === 'error'),
  warnings: diagnostics.filter(({ severity }) => severity === 'warning'),
  notYet,
});

/** `FILE:LINE:COL: message`, as compilers write it and editors read it; the calls that led there stand below. */
export function findingLines(file: string, { errors, warnings, notYet }: Findings): string {
  const linesOf = (kind: string, found: readonly Diagnostic[]): string[] =>
    found.flatMap(({ line, column, message, trace = [] }) => [`${file}:${line}:${column}: ${kind}${message}`, ...trace.map((call) => `    ${call}`)]);
  return [...linesOf('', errors), ...linesOf('warning: ', warnings), ...linesOf('note: ', notYet)].map((line) => `${line}\n`).join('');
}

export function findingsObject(file: string, { errors, warnings, notYet }: Findings): object {
  const withFile = (found: readonly Diagnostic[]): object[] => found.map((diagnostic) => ({ file, ...diagnostic }));
  return { valid: errors.length === 0, errors: withFile(errors), warnings: withFile(warnings), notYet: withFile(notYet) };
}
