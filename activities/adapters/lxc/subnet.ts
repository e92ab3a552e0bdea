// Which address has the Nth host of a subnet, and what lies in it?

export const addressOf = (subnet: string, host: number): string => {
  const [network, length] = parse(subnet);
  if (host >= 2 ** (32 - length)) throw new Error(`subnet ${subnet} has no host number ${host}`);
  return format(network + host);
};

export const prefixLengthOf = (subnet: string): number => parse(subnet)[1];

/** `192.0.2.7/24` lies in `192.0.2.0/24`. */
export const networkOf = (cidr: string): string => `${format(parse(cidr)[0])}/${prefixLengthOf(cidr)}`;

export const contains = (outer: string, inner: string): boolean =>
  prefixLengthOf(outer) <= prefixLengthOf(inner) && networkOf(`${inner.split('/')[0]}/${prefixLengthOf(outer)}`) === networkOf(outer);

const format = (value: number): string => [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');

/** The first address as a number, and the length of the prefix. */
function parse(cidr: string): [number, number] {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(cidr);
  const numbers = match?.slice(1).map(Number) ?? [];
  if (!match || numbers[4]! > 32 || numbers.some((n) => n > 255)) throw new Error(`${JSON.stringify(cidr)} is no IPv4 network such as 10.213.0.0/20`);
  const [a, b, c, d, length] = numbers as [number, number, number, number, number];
  const value = ((a * 256 + b) * 256 + c) * 256 + d;
  return [value - (value % 2 ** (32 - length)), length];
}
