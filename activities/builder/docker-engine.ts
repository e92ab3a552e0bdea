// Which jobs run containers of their own, and where is Docker's engine for them?

import type { DockerExecutor, PlanImage, PlanJob, PlanStep } from '../../config-schema/plan.ts';

/** The image that has Docker's engine as its entrypoint, and a user `circleci`. */
export const machineImage = 'roundhouse-machine';

/** In the network that the containers of the sandbox share with each other, and with nobody else. */
const port = 2375;

/**
 * The containers of a job. A virtual machine is one in which the engine runs beside the steps, so that they share their files with what
 * they run; for `setup_remote_docker` the engine has a container of its own, the last one.
 */
export function containersWithDocker({ executor, steps }: Pick<PlanJob, 'executor' | 'steps'>): { executor: DockerExecutor; nesting: boolean } | null {
  if (executor.kind === 'machine') return { executor: { kind: 'docker', ...plain(executor.image ?? machineImage), sidecars: [] }, nesting: true };
  if (executor.kind !== 'docker') return null;
  if (!steps.some(isRemoteDocker)) return { executor, nesting: false };
  const engine = { ...plain(machineImage), command: [`--host=tcp://127.0.0.1:${port}`, '--tls=false'] };
  return { executor: { ...executor, sidecars: [...executor.sidecars, engine] }, nesting: true };
}

/** Of the steps after `setup_remote_docker`. */
export function dockerEnvironment({ steps }: Pick<PlanJob, 'steps'>, step: PlanStep): Record<string, string> {
  const before = steps.slice(0, Math.max(0, steps.indexOf(step)));
  return before.some(isRemoteDocker) ? { DOCKER_HOST: `tcp://127.0.0.1:${port}` } : {};
}

/** Needs no program of Docker's in the image: the kernel's list of sockets says whether somebody listens (state 0A). */
export const waitForDocker = `tries=0
until grep -q ': 0100007F:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A' /proc/net/tcp; do
  tries=$((tries + 1))
  if [ $tries -gt 60 ]; then
    echo "Docker's engine does not answer. What it says stands in the output of the service docker; on the builder, 'roundhouse doctor' says whether containers can run in its sandboxes." >&2
    exit 1
  fi
  sleep 1
done
echo "Docker's engine answers at tcp://127.0.0.1:${port}, which is DOCKER_HOST for the next steps."`;

const isRemoteDocker = ({ kind }: PlanStep): boolean => kind === 'setup_remote_docker';

const plain = (image: string): PlanImage => ({ image, name: null, entrypoint: null, command: null, user: null, environment: {}, auth: null });
