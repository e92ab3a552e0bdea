import type { PageApp } from '../env.ts';

export type BadgePorts = Record<never, never>;

export function badgeRoutes(_app: PageApp, _ports: BadgePorts): void {}
