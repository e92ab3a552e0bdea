// What does Temporal take by itself? A temporal workflow without anything in it.

export async function empty(): Promise<void> {}
