// How does the builder put a small file of its own into the sandbox, for everybody to read?

import { constants } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolders } from '../make-folders.ts';

export async function keepFile({ path, text }: { path: string; text: string }): Promise<null> {
  makeFolders(dirname(path));
  await rm(path, { force: true });
  await using file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o644);
  await file.writeFile(text);
  return null;
}
