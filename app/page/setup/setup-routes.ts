import type { PageApp } from '../env.ts';

export type SetupPorts = Record<never, never>;

export function setupRoutes(_app: PageApp, _ports: SetupPorts): void {}
