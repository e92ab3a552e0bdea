// What is counted and measured of this installation? Names follow OpenTelemetry's conventions for CI/CD where it has one.
//
// No label holds what a user chose or what grows with use: no run, branch, commit, repository, workflow, job or step by its name.

import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

export type Metrics = ReturnType<typeof createMetrics>;

const seconds = { short: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10], wait: [0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800], build: [1, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200] };

/** `processes`: also what Node and the operating system say of this process. */
export function createMetrics({ version, processes = true }: { version: string; processes?: boolean }) {
  const registry = new Registry();
  const registers = [registry];
  if (processes) collectDefaultMetrics({ register: registry });
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> => new Counter({ name, help, labelNames, registers });
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[]): Gauge<Label> => new Gauge({ name, help, labelNames, registers });
  const histogram = <Label extends string>(name: string, help: string, labelNames: Label[], buckets: number[]): Histogram<Label> => new Histogram({ name, help, labelNames, buckets, registers });
  gauge('roundhouse_info', 'The version of this app.', ['version']).set({ version }, 1);

  return {
    registry,

    pipelinesActive: gauge('cicd_pipeline_run_active', 'Pipelines that have not ended, by state.', ['cicd_pipeline_run_state']),
    pipelineDuration: histogram('cicd_pipeline_run_duration_seconds', 'How long ended pipelines took, from the push to the end, by result.', ['cicd_pipeline_result', 'cicd_pipeline_run_state'], seconds.build),
    pipelineErrors: counter('cicd_pipeline_run_errors_total', 'Jobs of ended pipelines that did not pass, by why.', ['error_type']),
    workers: gauge('cicd_worker_count', 'Builders, by state.', ['cicd_worker_state']),
    systemErrors: counter('cicd_system_errors_total', 'Faults of Roundhouse itself, by part.', ['cicd_system_component', 'error_type']),

    slicesWaiting: gauge('roundhouse_slices_waiting', 'Slices that wait for a builder, by resource class.', ['class']),
    slicesRunning: gauge('roundhouse_slices_running', 'Slices that run, by resource class.', ['class']),
    longestWait: gauge('roundhouse_queue_longest_wait_seconds', 'How long the slice has waited that waits longest now, by resource class.', ['class']),
    sliceWait: histogram('roundhouse_slice_wait_seconds', 'How long slices of ended pipelines had waited for a builder, by resource class.', ['class'], seconds.wait),
    classBuilders: gauge('roundhouse_class_builders', 'Builders that take work of the resource class.', ['class']),
    classRoom: gauge('roundhouse_class_room', 'Sandboxes of the resource class that would fit now.', ['class']),
    stepDuration: histogram('roundhouse_step_duration_seconds', 'How long steps of ended pipelines took, by kind and outcome.', ['kind', 'outcome'], seconds.build),

    builders: gauge('roundhouse_builders', 'Builders, by state: takes-work, draining or gone.', ['state']),
    builderCpus: gauge('roundhouse_builder_cpus', 'CPUs that a connected builder gives to sandboxes.', ['builder']),
    builderCpusUsed: gauge('roundhouse_builder_cpus_used', 'CPUs that its sandboxes hold.', ['builder']),
    builderMemory: gauge('roundhouse_builder_memory_bytes', 'Memory that a connected builder gives to sandboxes.', ['builder']),
    builderMemoryUsed: gauge('roundhouse_builder_memory_used_bytes', 'Memory that its sandboxes hold.', ['builder']),
    builderSandboxes: gauge('roundhouse_builder_sandboxes', 'Sandboxes of a connected builder.', ['builder']),

    githubRequests: histogram('roundhouse_github_request_duration_seconds', 'Requests to GitHub, by method and status; `error` where there was no answer.', ['method', 'status'], seconds.short),
    githubRemaining: gauge('roundhouse_github_rate_limit_remaining', 'Requests that GitHub takes until the limit is reset, of the installation that has the fewest left.', ['resource']),
    githubLimit: gauge('roundhouse_github_rate_limit', 'Requests that GitHub takes in a period, of the same installation.', ['resource']),
    githubReset: gauge('roundhouse_github_rate_limit_reset_timestamp_seconds', 'When that limit is reset.', ['resource']),
    githubWait: histogram('roundhouse_github_limiter_wait_seconds', 'How long requests waited here to keep GitHub’s limits.', [], seconds.wait),
    githubPutOff: counter('roundhouse_github_limiter_put_off_total', 'Requests that were put off to keep GitHub’s limits, to be tried again by Temporal.', []),
    webhooks: counter('roundhouse_webhooks_total', 'Webhooks, by event and result: accepted, refused or failed.', ['event', 'result']),

    temporalRequests: histogram('roundhouse_temporal_request_duration_seconds', 'Calls of the Temporal client, by operation and gRPC status.', ['operation', 'status'], seconds.short),
    activityWait: histogram('roundhouse_activity_schedule_to_start_seconds', 'How long control activities waited for the worker of this app.', ['activity'], seconds.short),
    activityDuration: histogram('roundhouse_activity_duration_seconds', 'How long control activities took, by result: ok or failed.', ['activity', 'result'], seconds.short),

    pageRequests: histogram('roundhouse_page_request_duration_seconds', 'Requests of the page, by route and status.', ['method', 'route', 'status'], seconds.short),
    pageSockets: gauge('roundhouse_page_sockets', 'Open WebSockets of live logs.', []),
  };
}

/** Some label values are not ours to choose: beyond so many they are all `other`. */
export function bounded(most: number): (value: string) => string {
  const known = new Set<string>();
  return (value) => {
    if (!known.has(value) && known.size < most) known.add(value);
    return known.has(value) ? value : 'other';
  };
}
