// How large is the sandbox of a job?

/** What one sandbox of a class gets. */
export type ClassLimits = {
  /** May be fractional. */
  cpus: number;
  memoryBytes: number;
  /** Processes and threads. */
  pids: number;
  /** Kept where the builder's storage has quotas. */
  diskBytes: number;
};

export type ClassTable = Record<string, ClassLimits>;

const GiB = 1024 ** 3;
const limits = (cpus: number, memoryGiB: number): ClassLimits => ({ cpus, memoryBytes: memoryGiB * GiB, pids: 4096, diskBytes: 20 * GiB });

/** The original's docker classes, by their names and sizes. */
export const defaultClasses: ClassTable = {
  small: limits(1, 2),
  medium: limits(2, 4),
  'medium+': limits(3, 6),
  large: limits(4, 8),
  xlarge: limits(8, 16),
  '2xlarge': limits(16, 32),
  '2xlarge+': limits(20, 40),
};

export type ClassChoice = {
  class: string;
  limits: ClassLimits;
  /** A sentence for the check when the job did not get what it named; null when it did. */
  line: string | null;
};

/**
 * The class that a job runs in. A class of the table is taken as it is, offered or not: its job waits for a builder.
 * No name, or one that the table lacks, is the default class, clamped to what the builders have: the largest offered one that
 * is not larger, else the smallest. `offered`: the classes that registered builders announce; nothing is clamped while there are none.
 */
export function clampClass(name: string | null, table: ClassTable, defaultClass: string, offered: Iterable<string>): ClassChoice {
  const standard = limitsOf(table, defaultClass);
  if (!standard) throw new Error(`the default class ${defaultClass} is not in the table of classes`);
  const named = name === null ? undefined : limitsOf(table, name);
  if (name !== null && named) return { class: name, limits: named, line: null };

  const known = [...offered].filter((candidate) => limitsOf(table, candidate)).sort((a, b) => compareSize(table[a]!, table[b]!));
  const fitting = known.findLast((candidate) => compareSize(table[candidate]!, standard) <= 0);
  const chosen = known.length === 0 || known.includes(defaultClass) ? defaultClass : (fitting ?? known[0]!);
  const why = name === null ? `resource_class: no builder offers the default class ${defaultClass}` : `resource_class: there is no class ${name} here`;
  const line = name === null && chosen === defaultClass ? null : `${why}; the job runs as ${chosen}. Classes are ${Object.keys(table).join(', ')}.`;
  return { class: chosen, limits: limitsOf(table, chosen)!, line };
}

/** A class called `constructor` must not be found. */
const limitsOf = (table: ClassTable, name: string): ClassLimits | undefined => (Object.hasOwn(table, name) ? table[name] : undefined);

const compareSize = (a: ClassLimits, b: ClassLimits): number => a.memoryBytes - b.memoryBytes || a.cpus - b.cpus;
