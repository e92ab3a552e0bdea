import type { PageApp } from '../env.ts';

export type SettingsPorts = Record<never, never>;

export function settingsRoutes(_app: PageApp, _ports: SettingsPorts): void {}
