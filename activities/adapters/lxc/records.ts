// What does a builder remember of its sandboxes on disk?

import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SandboxHandle, SandboxSpec } from '../../builder/sandbox.ts';

/** A folder for each sandbox, for root's eyes only: the handle holds a private key. */
export class Records {
  readonly #folder: string;

  constructor(stateFolder: string) {
    this.#folder = join(stateFolder, 'sandboxes');
  }

  begin(spec: SandboxSpec): void {
    mkdirSync(this.#path(spec.name), { recursive: true, mode: 0o700 });
    this.#write(spec.name, 'spec.json', spec);
  }

  /** The sandbox is ready from now on, and found again after a restart of the builder. */
  complete(handle: SandboxHandle): void {
    this.#write(handle.name, 'handle.json', handle);
  }

  spec = (name: string): SandboxSpec | null => this.#read<SandboxSpec>(name, 'spec.json');
  handle = (name: string): SandboxHandle | null => this.#read<SandboxHandle>(name, 'handle.json');
  names = (): string[] => (existsSync(this.#folder) ? readdirSync(this.#folder) : []);
  remove = (name: string): void => rmSync(this.#path(name), { recursive: true, force: true });

  /** Of LXC, for each container: 0 is the primary. */
  configFile = (name: string, container: number): string => join(this.#path(name), `config-${container}`);
  logFile = (name: string, container: number): string => join(this.#path(name), `lxc-${container}.log`);

  #path = (name: string): string => join(this.#folder, name);

  #write(name: string, file: string, value: unknown): void {
    const path = join(this.#path(name), file);
    writeFileSync(`${path}.new`, JSON.stringify(value), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }

  #read<T>(name: string, file: string): T | null {
    try {
      return JSON.parse(readFileSync(join(this.#path(name), file), 'utf8')) as T;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }
}
