// Jobs that run containers of their own: virtual machines, and `setup_remote_docker`.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startInstance, type Instance } from './instance.ts';

let instance: Instance;
before(async () => {
  instance = await startInstance();
});
after(() => instance.stop());

// Of the image's own programs: no registry is asked.
const config = `version: 2.1
jobs:
  in-a-machine:
    machine: {image: "ubuntu-2404:current"}
    resource_class: large
    steps:
      - run: id -un; pwd
      - run: |
          cp --parents -L /bin/sh /bin/cat $(ldd /bin/sh /bin/cat | grep -o '/[^ ]*[.]so[^ ]*' | sort -u) .
          printf 'FROM scratch\\nCOPY . /\\nCMD ["/bin/cat", "/greeting"]\\n' > Dockerfile
          echo hello from a container > greeting
          docker build -q -t greeter .
      - run: docker run --rm greeter
  beside:
    docker: [{image: "debian:bookworm"}]
    steps:
      - run: echo "before - \${DOCKER_HOST-none}"
      - setup_remote_docker
      - run: echo "$DOCKER_HOST"; curl -sS http://\${DOCKER_HOST#tcp://}/_ping
workflows: {ci: {jobs: [in-a-machine, beside]}}
`;

test('a virtual machine builds an image and runs it; a job with setup_remote_docker has an engine', async () => {
  const sha = await instance.push({ '.circle.yml': config });
  const view = await instance.ended(sha, 240_000);
  const log = (job: string, step: number): Promise<string> => instance.logOf(view, { job, step });
  for (const job of ['in-a-machine', 'beside']) {
    const { conclusion, output } = await instance.check(sha, job);
    assert.equal(conclusion, 'success', output.summary ?? '');
  }
  assert.equal(await log('in-a-machine', 0), 'circleci\n/home/circleci/project\n');
  assert.equal(await log('in-a-machine', 2), 'hello from a container\n');
  assert.equal(await log('beside', 0), 'before - none\n');
  assert.match(await log('beside', 1), /^Docker's engine answers at tcp:\/\/127\.0\.0\.1:2375/);
  assert.equal(await log('beside', 2), 'tcp://127.0.0.1:2375\nOK');
});
