// What is a whole number, as somebody types it?

import { InvalidArgumentError } from 'commander';

export function whole(value: string): number {
  if (!/^[1-9]\d*$/.test(value)) throw new InvalidArgumentError('Write a whole number from 1.');
  return Number(value);
}
