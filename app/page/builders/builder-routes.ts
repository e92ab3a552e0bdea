import type { PageApp } from '../env.ts';

export type BuilderPorts = Record<never, never>;

export function builderRoutes(_app: PageApp, _ports: BuilderPorts): void {}
