// Where does an image's file system lie on this machine, and what does the image say of itself?

/** Images of one machine, each stored once, unshifted, and never changed after it was made. */
export interface ImageStore {
  /**
   * The image, made or fetched when it is missing. Calls may run at once, in several processes; those for one image share one pull.
   * Rejects with SandboxError 'unknown-image' when it is the user who must act (no such image, a login is needed, another
   * architecture, too large), with the sentence.
   */
  image(reference: string, options?: ImageOptions): Promise<Image>;
}

export type ImageOptions = {
  /** null: without signing in. */
  login?: RegistryLogin | null;
  signal?: AbortSignal;
  /** Gets a line of what takes its time. */
  say?: (line: string) => void;
};

export type RegistryLogin = { username: string; password: string };

export type Image = {
  /** The root file system, never written to. */
  folder: string;
  /** `sha256:…`; null for an image that the machine made itself. */
  digest: string | null;
  config: ImageConfig;
};

/** What an image's author set, as in the OCI image specification ("config"). */
export type ImageConfig = {
  /** A name or number of its passwd file, with `:group` perhaps; empty: root. */
  user: string;
  environment: Record<string, string>;
  /** Empty: `/`. */
  workingDirectory: string;
  entrypoint: string[];
  command: string[];
  labels: Record<string, string>;
};

export const plainConfig: ImageConfig = { user: '', environment: {}, workingDirectory: '', entrypoint: [], command: [], labels: {} };
