// Which lines of a log make groups that can be folded?
//
// As Buildkite reads it, `--- TITLE`, `~~~ TITLE` and, shown open, `+++ TITLE` begin a group that goes on to the next of them; `^^^ +++`
// opens the one that it stands in. As GitHub Actions and Azure Pipelines do, `::group::TITLE` and `##[group]TITLE` begin one that ends at
// `::endgroup::` or `##[endgroup]`. One of these within any other is of level 2.

/** `last` is its last line. */
export type Group = { line: number; last: number; title: string; level: 1 | 2; open: boolean };

type Opening = { kind: 'header' | 'block'; title: string; open: boolean; line: number };
type Mark = Opening | { kind: 'end' } | { kind: 'open-above' };

/** More than anybody folds. */
const mostGroups = 5000;
const longestTitle = 200;

/** `--- FAIL: TestX` is Go's word for a test. */
const header = /^(---|\+\+\+|~~~) +(?!(?:FAIL|PASS|SKIP|BENCH): )(\S.*)$/;
const block = /^(?:::group::|##\[group\])(.*)$/;
const blockEnd = /^(?:::endgroup::|##\[endgroup\])/;

/** A line as a page shows it. */
export function markOf(text: string, line: number): Mark | null {
  const [, sign, title] = header.exec(text) ?? [];
  if (title !== undefined) return { kind: 'header', title: title.trim().slice(0, longestTitle), open: sign === '+++', line };
  const [, named] = block.exec(text) ?? [];
  if (named !== undefined) return { kind: 'block', title: named.trim().slice(0, longestTitle), open: false, line };
  if (blockEnd.test(text)) return { kind: 'end' };
  return text.startsWith('^^^ +++') ? { kind: 'open-above' } : null;
}

/** Quick, for the many lines that have nothing to do with groups: by their first character. */
export const mayMark = (code: number): boolean => marking.has(code);
const marking = new Set([...'-+~:#^@'].map((character) => character.charCodeAt(0)));

export type Grouping = {
  /** A line that `mayMark`, as a page shows it; they come in order. */
  take(text: string, line: number): void;
  /** The groups of a log that has so many lines; the last of them may not have ended yet. */
  groups(total: number, open?: { text: string; line: number }): Group[];
};

type State = {
  all: Group[];
  /** From the outer to the inner: those under way. */
  within: { group: Group; kind: Opening['kind'] }[];
  /** Headers that may turn out to be those of a diff: `--- a`, `+++ b` and `@@ … @@` under one another. */
  doubtful: Opening[];
};

export function grouping(): Grouping {
  const state: State = { all: [], within: [], doubtful: [] };
  return {
    take: (text, line) => take(state, text, line),
    groups(total, open) {
      const asIfEnded = structuredClone(state);
      if (open) take(asIfEnded, open.text, open.line);
      settle(asIfEnded);
      end(asIfEnded, total);
      return asIfEnded.all;
    },
  };
}

function take(state: State, text: string, line: number): void {
  const [first, second] = state.doubtful;
  if (text.startsWith('@@ ') && second?.line === line - 1) state.doubtful = [];
  const mark = markOf(text, line);
  if (!mark) return;
  if (mark.kind === 'header' && text.startsWith('+++') && first?.line === line - 1 && !second) return void state.doubtful.push(mark);
  settle(state);
  if (mark.kind === 'header' && text.startsWith('---')) state.doubtful.push(mark);
  else if (mark.kind === 'header' || mark.kind === 'block') begin(state, mark);
  else if (mark.kind === 'open-above' && state.within[0]) state.within[0].group.open = true;
  else if (mark.kind === 'end' && state.within.at(-1)?.kind === 'block') state.within.pop()!.group.last = line;
}

function settle(state: State): void {
  for (const opening of state.doubtful) begin(state, opening);
  state.doubtful = [];
}

function begin(state: State, { kind, line, title, open }: Opening): void {
  if (state.all.length >= mostGroups) return;
  // Within a block, which ends by itself, a header is a line like others.
  if (kind === 'header' && state.within.some((outer) => outer.kind === 'block')) return;
  if (kind === 'header') end(state, line - 1);
  if (state.within.length === 2) state.within.pop()!.group.last = line - 1;
  const group: Group = { line, last: line, title, level: state.within.length === 0 ? 1 : 2, open };
  state.all.push(group);
  state.within.push({ group, kind });
}

function end({ within }: State, last: number): void {
  for (const { group } of within.splice(0)) group.last = last;
}
