// When has a step been silent for too long?

export function watchSilence(limitSeconds: number | null, lastOutputAt: () => number, tooLong: () => void): { stop(): void } {
  if (limitSeconds === null) return { stop() {} };
  let timer: NodeJS.Timeout | undefined;
  // Output only moves a number; the timer is set anew when it fires, not at each output.
  const look = (): void => {
    const leftMs = lastOutputAt() + limitSeconds * 1000 - performance.now();
    if (leftMs <= 0) tooLong();
    // setTimeout takes 2^31 - 1 ms at most, and fires at once beyond.
    else timer = setTimeout(look, Math.min(leftMs, 2 ** 31 - 1));
  };
  look();
  return { stop: () => clearTimeout(timer) };
}
