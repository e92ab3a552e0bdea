// How long is `10m`?

export const durationPattern = /^\d+(\.\d+)?[smh]$/;

const secondsOf = { s: 1, m: 60, h: 3600 };

/** Seconds of a text that fits the pattern. */
export const durationSeconds = (text: string): number => Number(text.slice(0, -1)) * secondsOf[text.at(-1) as keyof typeof secondsOf];
