import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseReference } from '../../../../activities/adapters/images/oci-reference.ts';
import { readPullProblem } from '../../../../activities/adapters/images/pull-problems.ts';

const parsed = parseReference('r.example/a/denied:latest');
assert.ok('reference' in parsed);
const start = 'Error parsing image name "docker://r.example/a/denied:latest": ';

/** Words of skopeo 1.9, those of Docker Hub and Quay as its issues have them. `away`: what was known before still counts. */
const rows: [words: string, kind: 'unknown-image' | 'start-failed', away: boolean, sentence: RegExp][] = [
  ['reading manifest none in r.example/a/denied: manifest unknown: manifest unknown', 'unknown-image', false, /does not exist: r\.example knows no such name, tag or digest/],
  ['reading manifest x in r.example/a/denied: name unknown: repository name not known to registry', 'unknown-image', false, /does not exist/],
  ['reading manifest latest in r.example/a/denied: unauthorized: authentication required', 'unknown-image', false, /needs a login, or there is no such image/],
  ['reading manifest latest in r.example/a/denied: errors:\ndenied: requested access to the resource is denied\nunauthorized: authentication required\n', 'unknown-image', false, /needs a login/],
  ['reading manifest latest in r.example/a/denied: unauthorized: access to the requested resource is not authorized', 'unknown-image', false, /needs a login/],
  ['unable to retrieve auth token: invalid username/password: unauthorized: incorrect username or password', 'unknown-image', false, /needs a login/],
  ['reading manifest latest in r.example/a/denied: toomanyrequests: You have reached your pull rate limit.', 'start-failed', true, /gives out no more images for now/],
  ['pinging container registry r.example: Get "https://r.example/v2/": dial tcp 127.0.0.1:1: connect: connection refused', 'start-failed', true, /does not answer/],
  ['pinging container registry r.example: Get "https://r.example/v2/": dial tcp 192.0.2.1:443: i/o timeout', 'start-failed', true, /does not answer/],
  ['pinging container registry r.example: Get "https://r.example/v2/": net/http: TLS handshake timeout', 'start-failed', true, /does not answer/],
  ['pinging container registry r.example: Get "https://r.example/v2/": context deadline exceeded', 'start-failed', true, /does not answer/],
  ['reading manifest latest in r.example/a/denied: received unexpected HTTP status: 503 Service Unavailable', 'start-failed', true, /does not answer/],
  ['pinging container registry r.example: Get "https://r.example/v2/": dial tcp: lookup r.example on 10.0.0.1:53: no such host', 'unknown-image', true, /there is no host r\.example/],
  ['pinging container registry r.example: Get "https://r.example/v2/": http: server gave HTTP response to HTTPS client', 'unknown-image', false, /insecureRegistries/],
  ['pinging container registry r.example: Get "https://r.example/v2/": x509: certificate signed by unknown authority', 'unknown-image', false, /insecureRegistries/],
  ['Source image rejected: A signature was required, but no signature exists', 'unknown-image', false, /policy\.json/],
  ['writing blob: write /x/oci-put-blob1: no space left on device', 'start-failed', false, /does not fit on the builder's disk/],
  ['something new', 'start-failed', false, /could not be fetched/],
];
for (const [words, kind, away, sentence] of rows) {
  test(words.slice(0, 100), () => {
    const problem = readPullProblem(start + words, parsed.reference, false);
    assert.deepEqual({ kind: problem.kind, away: problem.away }, { kind, away });
    assert.match(problem.sentence, sentence);
    assert.ok(problem.sentence.includes('r.example/a/denied:latest'));
  });
}

test('who signs in hears that the login was refused, and nothing of it', () => {
  const problem = readPullProblem(`${start}unauthorized: authentication required`, parsed.reference, true);
  assert.match(problem.sentence, /user name or password are wrong/);
});
