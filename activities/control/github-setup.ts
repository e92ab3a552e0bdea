// What does whoever sets up this installation want to know of GitHub?

/** Texts are GitHub's, so other people's. Throws ForgeUnavailable where a later try can help. */
export interface GitHubSetup {
  /** The App as GitHub knows it now. Throws a sentence where GitHub does not know it, or its key, any more. */
  app(): Promise<SetUpApp>;
  /** Where the App is installed, with the first repositories of each place by name. */
  installations(): Promise<SetUpInstallation[]>;
  /** Newest first. */
  deliveries(): Promise<SetUpDelivery[]>;
  /** Asks GitHub to send it once more. */
  redeliver(id: number): Promise<void>;
  /** Where GitHub sends webhooks; null: nowhere. */
  webhookUrl(): Promise<string | null>;
  setWebhookUrl(url: string): Promise<void>;
  /** null: the App is not installed there. */
  contents(owner: string, name: string, configPaths: readonly string[]): Promise<SetUpContents | null>;
}

/** Addresses are those of GitHub's pages. */
export type SetUpApp = { name: string; owner: string; url: string; installUrl: string };

export type SetUpInstallation = { account: string; all: boolean; suspended: boolean; settingsUrl: string; repositories: SetUpRepository[]; total: number };

export type SetUpRepository = { id: number; owner: string; name: string; private: boolean; description: string };

/** `statusCode` is 0 where there was no answer; `status` says then why, in GitHub's words. */
export type SetUpDelivery = { id: number; event: string; action: string | null; at: string; status: string; statusCode: number };

export type SetUpContents = SetUpRepository & {
  url: string;
  branch: string;
  languages: Record<string, number>;
  /** Names of the files at the top of the branch; none where nothing was pushed yet. */
  files: string[];
  /** Where a config lies already. */
  config: string | null;
};
