// Which config do the measurements push?

export const image = 'debian:bookworm';

/** One workflow, one job, in the image that the bare containers have too. `steps` is YAML, indented by six. */
export const oneJob = (steps: string): string => `version: 2.1
jobs:
  job:
    docker:
      - image: ${image}
    steps:
${steps}
workflows:
  all:
    jobs:
      - job
`;
