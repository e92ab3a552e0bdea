// How does AppArmor hold a sandbox, where the kernel has it?

import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

export const profileFile = join(import.meta.dirname, 'apparmor', 'roundhouse-sandbox');
const profile = 'roundhouse-sandbox';

export const hasAppArmor = (): boolean => readIfThere('/sys/module/apparmor/parameters/enabled').trim() === 'Y';

export const appArmorSettings = (isOn = hasAppArmor()): [string, string][] => (isOn ? [['lxc.apparmor.profile', profile]] : []);

/** Before the first sandbox of each process: the kernel forgets profiles at a reboot, and a new version's replaces the old one. */
export async function loadAppArmorProfile(): Promise<void> {
  if (!hasAppArmor()) return;
  try {
    await promisify(execFile)('apparmor_parser', ['--replace', profileFile], { env: { PATH: '/usr/sbin:/sbin:/usr/bin:/bin' } });
  } catch (error) {
    throw new Error(`the AppArmor profile of sandboxes could not be loaded: ${(error as Error).message.trim()}`, { cause: error });
  }
}

const readIfThere = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '');
