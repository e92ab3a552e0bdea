import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMachineImage } from '../../../activities/adapters/images/machine-image.ts';
import { containersWithDocker, dockerEnvironment, machineImage } from '../../../activities/builder/docker-engine.ts';
import { servicesOf, type DockerExecutor, type PlanJob, type PlanStep } from '../../../config-schema/plan.ts';

const image = (name: string) => ({ image: name, name: null, entrypoint: null, command: null, user: null, environment: {}, auth: null });
const docker: DockerExecutor = { kind: 'docker', ...image('cimg/base:2024.01'), sidecars: [image('redis:7')] };
const checkout: PlanStep = { kind: 'checkout', name: 'Checkout', when: 'on_success', path: '.', method: 'full', depth: null, repositories: [] };
const remoteDocker: PlanStep = { kind: 'setup_remote_docker', name: 'Docker', when: 'on_success', version: 'default', dockerLayerCaching: false, preferSameRegion: false };

test('a job without Docker gets the containers that it names, and may not run any', () => {
  assert.deepEqual(containersWithDocker({ executor: docker, steps: [checkout] }), { executor: docker, nesting: false });
});

test('setup_remote_docker adds the engine behind the other containers, whose output is one more service', () => {
  const steps = [checkout, remoteDocker];
  const { executor, nesting } = containersWithDocker({ executor: docker, steps })!;
  assert.equal(nesting, true);
  assert.deepEqual(executor.sidecars.map((sidecar) => sidecar.image), ['redis:7', machineImage]);
  assert.deepEqual(servicesOf({ executor: docker, steps } as PlanJob), ['service redis:7', 'service docker']);
});

test('a virtual machine is one container; which one, its image says, or nothing', () => {
  const machine = { kind: 'machine' as const, dockerLayerCaching: false, selfHosted: false };
  const imageOf = (name: string | null): unknown => containersWithDocker({ executor: { ...machine, image: name }, steps: [] });
  assert.deepEqual(imageOf(null), { executor: { kind: 'docker', ...image(machineImage), sidecars: [] }, nesting: true });
  assert.deepEqual(imageOf('ubuntu-2204:current'), { executor: { kind: 'docker', ...image('ubuntu-2204:current'), sidecars: [] }, nesting: true });
  assert.equal(containersWithDocker({ executor: { kind: 'macos', xcode: '15.0.0', signingBundles: [] }, steps: [] }), null);
});

test('steps know of the engine once it is there', () => {
  const steps = [checkout, remoteDocker, { ...checkout, name: 'again' }];
  assert.deepEqual(steps.map((step) => dockerEnvironment({ steps }, step)), [{}, {}, { DOCKER_HOST: 'tcp://127.0.0.1:2375' }]);
});

test('names of virtual machines are no images of a registry', () => {
  for (const name of [machineImage, 'default', 'ubuntu-2204:2024.11.1', 'ubuntu-2404:current', 'ubuntu-2004-cuda-11.4:202110-01', 'linux-cuda-12:default', 'android:2024.11.1']) assert.ok(isMachineImage(name), name);
  for (const name of ['ubuntu:22.04', 'ubuntu-2204/x', 'example.org/ubuntu-2204:current', 'cimg/android:2024.01', 'debian:bookworm', 'default/default']) assert.ok(!isMachineImage(name), name);
});
