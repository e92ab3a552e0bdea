// What does the setup need of the rest of the app?

import type { BuilderSight } from '../../../activities/builder/announcement.ts';
import type { Finding } from '../../../activities/builder/doctor.ts';
import type { GitHubSetup } from '../../../activities/control/github-setup.ts';
import type { BuildLine } from '../../../config-schema/view.ts';
import type { Settings } from '../../../config-schema/settings.ts';
import type { Asker } from '../../control/operation.ts';
import type { Fixed } from './plan.ts';

export type SetupPorts = {
  /** Every builder that was ever seen. */
  sights(): Promise<BuilderSight[]>;
  setup: Wizard;
};

export type Wizard = {
  /** Those that will hold at the next start: read anew, as roundhouse.yml may have been changed. Throws BadSettings. */
  settings(): Promise<WizardSettings>;
  /** Settings that the environment sets: roundhouse.yml changes nothing about them. */
  fixed: Fixed;
  /** The text of app.yml. */
  appYml: string;
  webhookPath: string;
  /** Of an App that is still to be made. */
  name: string;
  /** null until there is an App, and this process was started with it. */
  github: GitHubSetup | null;
  /** When GitHub last reached this process, ISO 8601; null: not since its start. */
  lastWebhookAt(): string | null;
  /** What `roundhouse doctor` finds. It takes a while, and never rejects. */
  doctor(): Promise<Finding[]>;
  /** Of the repository; null until there is one. */
  newestPipeline(repositoryId: number): Promise<BuildLine | null>;
  /** Leaves an entry in the audit log. */
  note(event: Asker & { action: string; subject: string; details?: Record<string, unknown> }): Promise<void>;
  /** Ends this process in order and begins it anew with the settings of then. Returns at once. */
  restart(): void;
};

export type WizardSettings = Pick<Settings, 'data' | 'publicUrl' | 'gheHost' | 'gheProtocol' | 'port' | 'configPaths'>;
