// What of the config language do we know, and not run yet?

/** By the place where the key stands: the key, and what to do about it. A feature that arrives leaves this table. */
export const notYet = {
  file: {
    setup: 'Remove it, and put the continuation into this file.',
    orbs: 'Remove it, and write the steps that you use as run steps.',
    commands: 'Remove it, and write its steps where they are used.',
    executors: 'Remove it, and write docker, environment and the like into each job; anchors help.',
    parameters: 'Remove it, and write the values where they are used.',
    'job-groups': 'Remove it, and list the jobs in the workflow.',
  },
  workflow: {
    when: 'Remove it; the workflow then runs every time.',
    unless: 'Remove it; the workflow then runs every time.',
    triggers: 'Remove the workflow, or remove it to run the workflow on each push.',
    max_auto_reruns: 'Remove it.',
    auto_cancel: 'Remove it.',
  },
  /** A job in a workflow. */
  invocation: {
    context: 'Remove it.',
    type: 'Remove the job that waits for an approval.',
    filters: 'Remove it; the job then runs for every branch.',
    matrix: 'Remove it, and list each job of it.',
    'pre-steps': 'Remove it, and write its steps at the beginning of the job.',
    'post-steps': 'Remove it, and write its steps at the end of the job.',
    'serial-group': 'Remove it.',
    'override-with': 'Remove it.',
  },
  job: {
    machine: 'Remove it, and give the job a docker image.',
    macos: 'Remove it, and give the job a docker image.',
    windows: 'Remove it, and give the job a docker image.',
    executor: 'Remove it, and write docker, environment and the like into the job; anchors help.',
    type: 'Remove it.',
    plan_name: 'Remove it.',
    validation: 'Remove it.',
    key: 'Remove it.',
    parameters: 'Remove it, and write a job for each set of values; anchors help.',
    circleci_ip_ranges: 'Remove it.',
    retention: 'Remove it.',
    branches: 'Remove it.',
    secrets: 'Remove it.',
    no_retry: 'Remove it.',
    egress: 'Remove it.',
  },
  docker: {
    name: 'Remove it.',
    entrypoint: 'Remove it.',
    command: 'Remove it.',
    user: 'Remove it.',
    environment: 'Remove it, and write the variables into the environment of the job.',
    auth: 'Remove it, and use a public image.',
    aws_auth: 'Remove it, and use a public image.',
    gcp_auth: 'Remove it, and use a public image.',
  },
  step: {
    setup_remote_docker: 'Remove the step.',
    save_cache: 'Remove the step.',
    restore_cache: 'Remove the step.',
    store_artifacts: 'Remove the step.',
    store_test_results: 'Remove the step.',
    persist_to_workspace: 'Remove the step.',
    attach_workspace: 'Remove the step.',
    add_ssh_keys: 'Remove the step.',
    when: 'Remove the step, or write the steps in it without the condition.',
    unless: 'Remove the step, or write the steps in it without the condition.',
    steps: 'Remove the step.',
    deploy: 'Remove the step, or write a run step.',
    install_signing_bundle: 'Remove the step.',
  },
  checkout: {
    method: 'Remove it.',
    depth: 'Remove it.',
    repositories: 'Remove it.',
  },
  run: {
    max_auto_reruns: 'Remove it.',
    auto_rerun_delay: 'Remove it.',
    secrets: 'Remove it.',
  },
} as const satisfies Record<string, Record<string, string>>;

export const notYetSentence = (feature: string, remedy: string): string => `${feature} is not supported yet by this version of Roundhouse. ${remedy}`;

/** The sentence for a step type of the table; undefined for any other name. */
export const notYetStep = (name: string): string | undefined =>
  Object.hasOwn(notYet.step, name) ? notYetSentence(`\`${name}\``, notYet.step[name as keyof typeof notYet.step]) : undefined;
