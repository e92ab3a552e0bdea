// How are amounts written in the log of a step?

export const gigabytes = (bytes: number): string => `${Number((bytes / 1e9).toPrecision(2))} GB`;

export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

export const counted = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

/** The first few of many. */
export const some = (items: readonly string[], most = 5): string => `${items.slice(0, most).join(', ')}${items.length > most ? ', …' : ''}`;
