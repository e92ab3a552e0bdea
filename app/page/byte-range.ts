// Which bytes does a request's `Range` header ask for?

/** [from, to) of so many; null: all of them, also for several ranges at once; 'none': outside. */
export function byteRange(header: string | undefined, size: number): { from: number; to: number } | null | 'none' {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? [];
  if (first === '' && last === '') return null;
  const from = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const to = first === '' || last === '' ? size : Math.min(size, Number(last) + 1);
  return from < to ? { from, to } : 'none';
}
