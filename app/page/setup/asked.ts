// What does a page say when GitHub could not be asked?

/** An answer, or the sentence that stands in its place. */
export type Asked<T> = { value: T } | { problem: string };

/** Never rejects: what GitHub refuses is a sentence too. */
export async function asked<T>(work: () => Promise<T>): Promise<Asked<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    const { message, status } = error as Error & { status?: number };
    // Octokit ends its messages with a link to the documentation.
    return { problem: status === undefined ? message : `GitHub refused it (${status}): ${message.replace(/ - https?:\S+$/, '')}.` };
  }
}

/** The answer of a moment ago serves again: a page that is open asks every two seconds, and GitHub counts. */
export function remembered<T>(work: () => Promise<T>, forMs = 5000): (() => Promise<T>) & { forget(): void } {
  let last: { answer: Promise<T>; at: number } | null = null;
  const ask = (): Promise<T> => {
    if (last && Date.now() - last.at < forMs) return last.answer;
    const mine = { answer: work(), at: Date.now() };
    last = mine;
    mine.answer.catch(() => {
      if (last === mine) last = null;
    });
    return mine.answer;
  };
  return Object.assign(ask, { forget: () => void (last = null) });
}
