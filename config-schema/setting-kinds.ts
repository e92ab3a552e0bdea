// What may a setting hold, in a file or in the environment, and how do we say so?

import { z } from 'zod';
import { defaultClasses } from './classes.ts';
import type { ClassTable } from './classes.ts';
import { durationPattern, durationSeconds } from './durations.ts';

/** `schema` reads the text of the environment and the value of YAML alike; `words` end the sentence "must be …". */
export type Kind<T> = { words: string; schema: z.ZodType<T> };

const kind = <T>(words: string, schema: z.ZodType<T>): Kind<T> => ({ words, schema });

/** YAML makes numbers of texts such as an App's id. */
const plain = z.union([z.string(), z.number().transform(String)]).pipe(z.string().trim().min(1));

/** A number, from YAML or from text. */
const numeric = z.union([z.number(), plain.transform(Number)]);

const list = z.union([z.array(plain), plain.transform((text) => text.split(',').map((item) => item.trim()).filter((item) => item !== ''))]);

const fits = (test: (text: string) => boolean): z.ZodType<string> => plain.refine(test);

export const text = kind('a text', plain);
/** As it comes: a key's line breaks are part of it. */
export const secret = kind('a text', z.string().min(1));
export const path = kind('a path', plain);
export const port = kind('a port from 1 to 65535, or 0 for any free one', numeric.pipe(z.int().min(0).max(65535)));
export const seconds = kind('a whole number of seconds above 0', numeric.pipe(z.int().min(1)));
export const count = kind('a whole number, or 0 for any number', numeric.pipe(z.int().min(0)));
export const factor = kind('a number above 0', numeric.pipe(z.number().positive()));
export const flag = kind('true or false', z.union([z.boolean(), plain.pipe(z.enum(['true', 'false'])).transform((word) => word === 'true')]));
export const duration = kind(
  'a duration such as 90s, 30m or 1.5h',
  fits((words) => durationPattern.test(words) && durationSeconds(words) > 0).transform(durationSeconds),
);
export const oneOf = <const T extends string>(...words: T[]): Kind<T> => kind(`one of ${words.join(', ')}`, z.enum(words));
export const name = kind('a text of letters, digits, `.`, `_` and `-`, at most 100', fits((words) => /^[A-Za-z0-9._-]{1,100}$/.test(words)));
export const hostName = kind('a host name or an address', fits((words) => /^[A-Za-z0-9._:-]+$/.test(words)));
export const address = kind('HOST:PORT', fits((words) => /^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}$/.test(words)));
export const url = kind(
  'an address that begins with http:// or https://',
  fits((words) => /^https?:\/\/\S+$/.test(words)).transform((words) => words.replace(/\/+$/, '')),
);

export const folderOrUrl = kind(
  'a folder, or an address that begins with http:// or https://',
  fits((words) => /^(https?:\/\/\S+|\/.*)$/.test(words)),
);
export const hosts = kind('a list of host names such as orbs.example.org, each with its port where it is not 443', list.pipe(z.array(z.string().regex(/^[A-Za-z0-9.-]+(:\d{1,5})?$/))));

const cidr = z.union([z.cidrv4(), z.cidrv6()]);
export const networks = kind('a list of networks such as 10.1.0.0/16', list.pipe(z.array(cidr)));
export const people = kind('a list of logins on GitHub, or of numeric ids', list.pipe(z.array(z.string().regex(/^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,99})$/))));
export const paths = kind(
  'a list of paths inside the repository, without `..`',
  list.pipe(z.array(z.string().refine((words) => !words.startsWith('/') && !words.split('/').includes('..'))).min(1)),
);

export type Store = { kind: 'file'; folder: string } | { kind: 's3'; bucket: string; prefix: string };
/** S3 names objects by 1024 bytes at most, of which our keys may take 900. */
const inBucket = /^s3:[/][/](?<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])([/](?<prefix>(?=.{1,120}$)[A-Za-z0-9._-]+([/][A-Za-z0-9._-]+)*))?[/]?$/;
export const store = kind(
  '`file:` and a folder, or `s3://BUCKET` with a prefix perhaps, such as s3://builds/roundhouse',
  fits((words) => /^file:./.test(words) || inBucket.test(words)).transform((words): Store => {
    const found = inBucket.exec(words)?.groups;
    if (!found) return { kind: 'file', folder: words.slice('file:'.length) };
    return { kind: 's3', bucket: found['bucket']!, prefix: found['prefix'] === undefined ? '' : `${found['prefix']}/` };
  }),
);

const units: Record<string, number> = { k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };
const bytes = z.union([
  z.int().min(1),
  z
    .string()
    .regex(/^\d+(\.\d+)?\s*[kmgt](i?b)?$/i)
    .transform((words) => Math.round(parseFloat(words) * units[/[kmgt]/i.exec(words)![0].toLowerCase()]!)),
]);

const classLimits = z.strictObject({
  cpus: z.number().positive().optional(),
  memory: bytes.optional(),
  pids: z.int().min(16).optional(),
  disk: bytes.optional(),
});

/** What the file says is laid over the table that there is; null takes a class away. A new class is as `medium` in what it leaves out. */
export const classes = kind(
  'a map of classes, each with cpus, memory (such as 4gb), pids and disk',
  z.record(z.string().min(1), classLimits.nullable()).transform((changes): ClassTable => {
    const table = new Map(Object.entries(defaultClasses));
    for (const [className, change] of Object.entries(changes)) {
      if (change === null) table.delete(className);
      else {
        const base = table.get(className) ?? defaultClasses['medium']!;
        const { cpus = base.cpus, memory = base.memoryBytes, pids = base.pids, disk = base.diskBytes } = change;
        table.set(className, { cpus, memoryBytes: memory, pids, diskBytes: disk });
      }
    }
    return Object.fromEntries(table);
  }),
);

export type ImageRule = { pattern: string; target: string };

const oneStar = z.string().trim().regex(/^[^*\s]+$|^[^*\s]*\*[^*\s]*$/);
export const imageMap = kind(
  'a map of patterns of images to images, with one `*` at most in each, and in the image only where its pattern has one',
  z
    .record(oneStar, oneStar)
    .transform((map): ImageRule[] => Object.entries(map).map(([pattern, target]) => ({ pattern, target })))
    .refine((rules) => rules.every(({ pattern, target }) => pattern.includes('*') || !target.includes('*'))),
);

const registryHost = z.string().trim().toLowerCase().regex(/^([a-z0-9.-]+|\[[0-9a-f:]+\])(:\d{1,5})?$/);
export const registries = kind('a list of registries, each a HOST or HOST:PORT', list.pipe(z.array(registryHost)));
export const registryMirrors = kind('a map of registries to their mirrors, each a HOST or HOST:PORT, a mirror perhaps with a path', z.record(registryHost, z.string().trim().regex(/^([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:\d{1,5})?(\/[a-z0-9._/-]+)?$/)));

export type RegistryLogins = Record<string, { username: string; password: string }>;
export const registryLogins = kind('a map of registries, each a HOST or HOST:PORT, to username and password', z.record(registryHost, z.strictObject({ username: plain, password: secret.schema })));
