import type { PageApp } from '../env.ts';

export type SignInPorts = Record<never, never>;

export function signInRoutes(_app: PageApp, _ports: SignInPorts): void {}
