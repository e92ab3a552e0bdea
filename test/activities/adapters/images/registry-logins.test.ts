import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { loginFor } from '../../../../activities/adapters/images/registry-logins.ts';
import { SandboxError } from '../../../../activities/builder/sandbox.ts';

const expand = (text: string): string => (text === '$ID' ? 'AKIDEXAMPLE' : text === '$SECRET' ? 'secret-key' : text);
const image = '123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app:1';
const aws = { kind: 'aws', accessKeyId: '$ID', secretAccessKey: '$SECRET', roleArn: null } as const;

/** ECR as far as we use it: one call. */
async function startEcr(t: TestContext, answer: { status: number; body: object }): Promise<{ request: IncomingMessage; body: string }[]> {
  const calls: { request: IncomingMessage; body: string }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (text: Buffer) => (body += text.toString()));
    request.on('end', () => {
      calls.push({ request, body });
      response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(answer.body));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.env['AWS_ENDPOINT_URL_ECR'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  t.after(() => {
    delete process.env['AWS_ENDPOINT_URL_ECR'];
    server.closeAllConnections();
    server.close();
  });
  return calls;
}

test('auth: username and password, with their variables', async () => {
  assert.deepEqual(await loginFor({ kind: 'password', username: '$ID', password: '$SECRET' }, expand, 'any/image'), { username: 'AKIDEXAMPLE', password: 'secret-key' });
});

test("aws_auth: ECR's password, asked for in the image's region with a signed request that does not hold the key", async (t) => {
  const calls = await startEcr(t, { status: 200, body: { authorizationData: [{ authorizationToken: Buffer.from('AWS:to:ken').toString('base64'), expiresAt: 1, proxyEndpoint: 'https://x' }] } });
  assert.deepEqual(await loginFor(aws, expand, image), { username: 'AWS', password: 'to:ken' });
  assert.equal(calls.length, 1);
  const { request, body } = calls[0]!;
  assert.equal(request.method, 'POST');
  assert.equal(request.headers['x-amz-target'], 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken');
  assert.match(request.headers['authorization']!, /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/ecr\/aws4_request, SignedHeaders=\S*host\S*x-amz-date\S*, Signature=[0-9a-f]{64}$/);
  assert.deepEqual(JSON.parse(body), {});
  assert.ok(!JSON.stringify(request.headers).includes('secret-key'));
});

test('aws_auth: a key that AWS refuses is for the user to mend, and AWS away is not', async (t) => {
  const refusal = { status: 400, body: { __type: 'UnrecognizedClientException', message: 'The security token included in the request is invalid.' } };
  await startEcr(t, refusal);
  await assert.rejects(loginFor(aws, expand, image), (error: SandboxError) => error.kind === 'unknown-image' && /^aws_auth: ECR in eu-west-1 refuses the access key \(UnrecognizedClientException\)\. Correct aws_access_key_id/.test(error.message) && !`${error.message}${(error.cause as Error).message}`.includes('secret-key'));
  process.env['AWS_ENDPOINT_URL_ECR'] = 'http://127.0.0.1:1';
  await assert.rejects(loginFor(aws, expand, image), (error: SandboxError) => error.kind === 'start-failed' && /ECR in eu-west-1 does not answer/.test(error.message));
});

test('what needs an OIDC token, and an image that is not of ECR, get their sentences', async () => {
  const fails = (promise: Promise<unknown>, words: RegExp): Promise<void> => assert.rejects(promise, (error: unknown) => error instanceof SandboxError && error.kind === 'unknown-image' && words.test(error.message));
  await fails(loginFor({ ...aws, accessKeyId: null, secretAccessKey: null, roleArn: 'arn:aws:iam::1:role/x' }, expand, image), /^aws_auth: .* OIDC token.* does not issue those yet\. Use aws_access_key_id/);
  await fails(loginFor({ kind: 'gcp', serviceAccount: 's', workloadIdentityPool: 'p', workloadIdentityProvider: 'q' }, expand, 'gcr.io/a/b'), /^gcp_auth: .* OIDC token.*_json_key/);
  await fails(loginFor(aws, expand, 'cimg/node'), /not one of ECR's/);
  await fails(loginFor(aws, expand, '123456789012.dkr.ecr.evil.example/x'), /not one of ECR's/);
});
