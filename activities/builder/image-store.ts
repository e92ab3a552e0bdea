// Where does an image's file system lie on this machine?

/** Images of one machine, each stored once, unshifted, and never changed after it was made. */
export interface ImageStore {
  /**
   * The folder with the image's root file system, made or fetched when it is missing. Calls may run at once, in several processes.
   * Rejects with SandboxError 'unknown-image' for a reference that nobody can supply, with the sentence for the user.
   */
  rootfs(reference: string): Promise<string>;
}
