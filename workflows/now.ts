// What time is it, as views tell it? In a temporal workflow the clock is that of its history.

export const now = (): string => new Date().toISOString();
