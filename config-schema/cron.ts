// When does a schedule fire, by the five fields of POSIX?

/** Each field's numbers; null: every one. Sunday is 0. */
export type Cron = { minutes: number[] | null; hours: number[] | null; days: number[] | null; months: number[] | null; weekdays: number[] | null };

const fields = [
  { key: 'minutes', what: 'the minute', least: 0, most: 59, names: [] },
  { key: 'hours', what: 'the hour', least: 0, most: 23, names: [] },
  { key: 'days', what: 'the day of the month', least: 1, most: 31, names: [] },
  { key: 'months', what: 'the month', least: 1, most: 12, names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] },
  { key: 'weekdays', what: 'the day of the week', least: 0, most: 7, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
] as const;
type Field = (typeof fields)[number];

const remedy = 'Write minute, hour, day of month, month and day of week, such as "30 4 * * 1-5".';

/** Numbers, `*`, ranges `a-b`, steps `/n`, lists, and names of months and weekdays. `problem` is a sentence with its remedy; `never`: the fields are right, and no day is. */
export function readCron(text: string): Cron | { problem: string; never?: true } {
  const words = text.trim().split(/\s+/);
  if (words.length !== fields.length) return { problem: `"${text}" is no schedule: it has ${text.trim() === '' ? 0 : words.length} fields instead of five. ${remedy}` };
  const cron: Cron = { minutes: null, hours: null, days: null, months: null, weekdays: null };
  for (const [i, field] of fields.entries()) {
    const numbers = readField(words[i]!, field);
    if (typeof numbers === 'string') return { problem: `"${text}" is no schedule: ${numbers}. ${remedy}` };
    cron[field.key] = numbers;
  }
  return isNever(cron) ? { problem: `"${text}" never comes: none of its months has such a day. Correct the day or the month.`, never: true } : cron;
}

/** In UTC. Of a day of the month and a day of the week, where both are given, one is enough. */
export function isDue({ minutes, hours, days, months, weekdays }: Cron, at: Date): boolean {
  const has = (numbers: number[] | null, number: number): boolean => numbers?.includes(number) ?? true;
  const [onDay, onWeekday] = [has(days, at.getUTCDate()), has(weekdays, at.getUTCDay())];
  const isDay = days !== null && weekdays !== null ? onDay || onWeekday : onDay && onWeekday;
  return has(minutes, at.getUTCMinutes()) && has(hours, at.getUTCHours()) && has(months, at.getUTCMonth() + 1) && isDay;
}

/** The same for a reader that takes nothing but numbers, lists and `*`, and wants all its fields to hold. */
export function plainCrons({ minutes, hours, days, months, weekdays }: Cron): string[] {
  const line = (onDays: number[] | null, onWeekdays: number[] | null): string => [minutes, hours, onDays, months, onWeekdays].map((numbers) => numbers?.join(',') ?? '*').join(' ');
  return days !== null && weekdays !== null ? [line(days, null), line(null, weekdays)] : [line(days, weekdays)];
}

/** null: every one; a text says what is wrong. */
function readField(word: string, field: Field): number[] | null | string {
  if (word === '*') return null;
  const numbers = new Set<number>();
  for (const part of word.split(',')) {
    const range = readRange(part, field);
    if (typeof range === 'string') return range;
    for (let number = range.from; number <= range.to; number += range.step) numbers.add(field.key === 'weekdays' ? number % 7 : number);
  }
  return [...numbers].sort((a, b) => a - b);
}

function readRange(part: string, field: Field): { from: number; to: number; step: number } | string {
  const { what, least, most } = field;
  const [, first = '', last, by] = /^(\*|\w+)(?:-(\w+))?(?:\/(\d+))?$/.exec(part) ?? [];
  const step = by === undefined ? 1 : Number(by);
  const from = first === '*' && last === undefined ? least : numberOf(first, field);
  const to = last !== undefined ? numberOf(last, field) : first === '*' || by !== undefined ? most : from;
  if (from === null || to === null || step === 0) return `${what} "${part}" is not understood`;
  if (from < least || to > most || from > to) return `${what} "${part}" must be within ${least} and ${most}, the smaller number first`;
  return { from, to, step };
}

function numberOf(word: string, { names, least }: Field): number | null {
  if (/^\d{1,2}$/.test(word)) return Number(word);
  const at = (names as readonly string[]).indexOf(word.toLowerCase());
  return at < 0 ? null : at + least;
}

const longest = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const isNever = ({ days, months, weekdays }: Cron): boolean => days !== null && weekdays === null && months !== null && months.every((month) => days.every((day) => day > longest[month - 1]!));
