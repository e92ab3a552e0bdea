// Which images are in use, so that none of them is thrown away?

import { mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { runFolder } from './ranges.ts';

/** Symbolic links `NUMBER-CONTAINER` to images' folders: as long as one leads to an image, a sandbox may have it mounted. */
export const imageMarks = join(runFolder, 'images');

/** Before the image is mounted. */
export function markImage(number: number, container: number, image: string): void {
  mkdirSync(imageMarks, { recursive: true });
  symlinkSync(image, join(imageMarks, `${number}-${container}`));
}

/** After all of the sandbox's were unmounted. Repeatable. */
export function unmarkImages(number: number): void {
  mkdirSync(imageMarks, { recursive: true });
  for (const mark of readdirSync(imageMarks)) if (mark.startsWith(`${number}-`)) rmSync(join(imageMarks, mark), { force: true });
}
