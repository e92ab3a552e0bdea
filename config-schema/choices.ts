// What is chosen for the installation, and may be chosen otherwise for one repository?

/** Which open pipelines a push cancels: none; the older ones of its branch, but for the default branch; those of any branch. */
export const autoCancels = ['off', 'branches', 'all'] as const;
export type AutoCancel = (typeof autoCancels)[number];

/** Whether pull requests of forks are built: not at all, each commit when a maintainer allows it, or as any other. */
export const forkPolicies = ['never', 'approve', 'always'] as const;
export type ForkPolicy = (typeof forkPolicies)[number];

export type Choices = {
  autoCancel: AutoCancel;
  forks: ForkPolicy;
  /** 0: any number. */
  pipelinesAtOnce: number;
};

/** What holds for a repository: its own choice, else the installation's. */
export const effective = (installation: Choices, repository: Partial<Choices> | null): Choices => ({
  autoCancel: repository?.autoCancel ?? installation.autoCancel,
  forks: repository?.forks ?? installation.forks,
  pipelinesAtOnce: repository?.pipelinesAtOnce ?? installation.pipelinesAtOnce,
});
